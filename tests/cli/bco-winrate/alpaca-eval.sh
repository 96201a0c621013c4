[ -n "${SHARED-}" ] || { echo "no shared folder"; exit 77; }
bco-winrate --by model "$SHARED/winrate/alpaca_eval_preferences.csv.zst"
echo '[{"instruction":"p","output_1":"x","output_2":"y","preference":1.75},{"instruction":"q","preference":0},{"instruction":"r","preference":null}]' >annotations.json
bco-winrate --json annotations.json
