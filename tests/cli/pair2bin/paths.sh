echo '{"turn":{"q":"p","answers":["a","b"]},"id":1}' | pair2bin --prompt turn.q --chosen turn.answers.0 --rejected turn.answers.1
