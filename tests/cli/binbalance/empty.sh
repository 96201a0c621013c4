binbalance </dev/null
