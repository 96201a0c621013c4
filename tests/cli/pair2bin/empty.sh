pair2bin </dev/null
