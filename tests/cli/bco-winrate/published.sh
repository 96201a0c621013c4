[ -n "${SHARED-}" ] || { echo "no shared folder"; exit 77; }
cd "$SHARED/winrate"
bco-winrate --json --by model --difficulty alpaca_eval_difficulty.csv --weights alpaca_eval_published.csv alpaca_eval_preferences.csv.zst |
    sed -E 's/.*"group":("[^"]*").*"win_rate":([^,]*),.*"standard_error":([^,]*),"low".*"length_controlled":\{"win_rate":([^,]*),.*/\1 \2 \3 \4/' |
    awk '{ printf "%s %.6f %.6f %s\n", $1, $2, $3, $4 == "null" ? "-" : sprintf("%.6f", $4) }'
bco-winrate --by model --difficulty alpaca_eval_difficulty.csv alpaca_eval_preferences.csv.zst
