# The classes of JSONTestSuite, with expectations from RFC 8259: y must be accepted, n refused, i is left to the reader and
# said here. Written as printf %b takes it, so a backslash of JSON is two. Values stand in a record; lines of the
# class N are whole lines. Every n and N is shown with its reason: none may be refused for what it is not.
cat >cases <<'END'
y array_arraysWithSpaces [[]   ]
y array_empty []
y array_empty-string [""]
y array_ending_with_space [1] 
y array_false [false]
y array_heterogeneous [null, 1, "1", {}]
y array_null [null]
y array_with_leading_space  [1]
y array_with_several_null [1,null,null,null,2]
y array_with_trailing_space [2] 
y number [123e65]
y number_0e+1 [0e+1]
y number_0e1 [0e1]
y number_after_space [ 4]
y number_double_close_to_zero [-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]
y number_int_with_exp [20e1]
y number_minus_zero [-0]
y number_negative_int [-123]
y number_real_capital_e [1E22]
y number_real_capital_e_neg_exp [1E-2]
y number_real_capital_e_pos_exp [1E+2]
y number_real_exponent [123e45]
y number_real_fraction_exponent [123.456e78]
y number_real_neg_exp [1e-2]
y number_simple_real [123.456789]
y object {"asd":"sdf", "dfg":"fgh"}
y object_basic {"asd":"sdf"}
y object_empty {}
y object_empty_key {"":0}
y object_escaped_null_in_key {"foo\\u0000bar": 42}
y object_extreme_numbers { "min": -1.0e+28, "max": 1.0e+28 }
y object_long_strings {"x":[{"id": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}], "id": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}
y object_string_unicode {"title":"\\u041f\\u043e\\u043b\\u0442\\u043e\\u0440\\u0430" }
y string_1_2_3_bytes_UTF-8 ["\\u0060\\u012a\\u12AB"]
y string_accepted_surrogate_pair ["\\uD801\\udc37"]
y string_accepted_surrogate_pairs ["\\ud83d\\ude39\\ud83d\\udc8d"]
y string_allowed_escapes ["\\"\\\\\\/\\b\\f\\n\\r\\t"]
y string_backslash_and_u_escaped_zero ["\\\\u0000"]
y string_backslash_doublequotes ["\\""]
y string_comments ["a/*b*/c/*d//e"]
y string_double_escape_a ["\\\\a"]
y string_double_escape_n ["\\\\n"]
y string_escaped_control_character ["\\u0012"]
y string_escaped_noncharacter ["\\uFFFF"]
y string_last_surrogates_1_and_2 ["\\uDBFF\\uDFFF"]
y string_nbsp_uescaped ["new\\u00A0line"]
y string_nonCharacterInUTF-8_U+10FFFF ["\0364\0217\0277\0277"]
y string_nonCharacterInUTF-8_U+FFFF ["\0357\0277\0277"]
y string_null_escape ["\\u0000"]
y string_one-byte-utf-8 ["\\u002c"]
y string_pi ["\0317\0200"]
y string_reservedCharacterInUTF-8_U+1BFFF ["\0360\0233\0277\0277"]
y string_simple_ascii ["asd "]
y string_space " "
y string_surrogates_U+1D11E_MUSICAL_SYMBOL_G_CLEF ["\\uD834\\uDd1e"]
y string_three-byte-utf-8 ["\\u0821"]
y string_two-byte-utf-8 ["\\u0123"]
y string_u+2028_line_sep ["\0342\0200\0250"]
y string_u+2029_par_sep ["\0342\0200\0251"]
y string_uEscape ["\\u0061\\u30af\\u30EA\\u30b9"]
y string_unescaped_char_delete ["\0177"]
y string_unicode ["\\uA66D"]
y string_unicode_U+1FFFE_nonchar ["\\uD83F\\uDFFE"]
y string_unicode_U+200B_ZERO_WIDTH_SPACE ["\\u200B"]
y string_unicode_escaped_double_quote ["\\u0022"]
y string_utf8 ["\0342\0202\0254\0360\0235\0204\0236"]
y string_with_del_character ["a\0177a"]
y structure_lonely_false false
y structure_lonely_int 42
y structure_lonely_negative_real -0.1
y structure_lonely_null null
y structure_lonely_string "asd"
y structure_string_empty ""
y structure_whitespace_array  [] 
i number_double_huge_neg_exp [123.456e-789]
i number_huge_exp [0.4e00669999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999969999999006]
i number_neg_int_huge_exp [-1e+9999]
i number_real_underflow [123e-10000000]
i number_too_big_neg_int [-123123123123123123123123123123]
i number_very_big_negative_int [-237462374673276894279832749832423479823246327846]
i object_key_lone_2nd_surrogate {"\\uDFAA":0}
i string_1st_surrogate_but_2nd_missing ["\\uDADA"]
i string_1st_valid_surrogate_2nd_invalid ["\\uD888\\u1234"]
i string_incomplete_surrogate_and_escape_valid ["\\uD800\\n"]
i string_incomplete_surrogate_pair ["\\uDd1ea"]
i string_incomplete_surrogates_escape_valid ["\\uD800\\uD800\\n"]
i string_invalid_lonely_surrogate ["\\ud800"]
i string_inverted_surrogates_U+1D11E ["\\uDd1e\\uD834"]
i string_invalid_utf-8 ["\0377"]
i string_iso_latin_1 ["\0351"]
i string_lone_utf8_continuation_byte ["\0201"]
i string_not_in_unicode_range ["\0364\0277\0277\0277"]
i string_overlong_sequence_2_bytes ["\0300\0257"]
i string_overlong_sequence_6_bytes ["\0374\0203\0277\0277\0277\0277"]
i string_truncated-utf-8 ["\0340\0377"]
i string_UTF-8_invalid_sequence ["\0346\0227\0245\0321\0210\0372"]
i string_UTF8_surrogate_U+D800 ["\0355\0240\0200"]
i object_duplicated_key {"a":"b","a":"c"}
i object_duplicated_key_and_value {"a":"b","a":"b"}
n array_1_true_without_comma [1 true]
n array_a_invalid_utf8 [a\0345]
n array_colon_instead_of_comma ["": 1]
n array_comma_after_close [""],
n array_comma_and_number [,1]
n array_double_comma [1,,2]
n array_double_extra_comma ["x",,]
n array_extra_close ["x"]]
n array_extra_comma ["",]
n array_incomplete ["x"
n array_incomplete_invalid_value [x
n array_inner_array_no_comma [3[4]]
n array_items_separated_by_semicolon [1:2]
n array_just_comma [,]
n array_just_minus [-]
n array_missing_value [   , ""]
n array_number_and_comma [1,]
n array_spaces_vertical_tab_formfeed ["\0013a"\\f]
n array_star_inside [*]
n array_unclosed [""
n array_unclosed_trailing_comma [1,
n incomplete_false [fals]
n incomplete_null [nul]
n incomplete_true [tru]
n multidigit_number_then_00 123\0000
n number_++ [++1234]
n number_+1 [+1]
n number_+Inf [+Inf]
n number_-01 [-01]
n number_-1.0. [-1.0.]
n number_-2. [-2.]
n number_-NaN [-NaN]
n number_.-1 [.-1]
n number_.2e-3 [.2e-3]
n number_0.1.2 [0.1.2]
n number_0.3e+ [0.3e+]
n number_0.e1 [0.e1]
n number_0_capital_E+ [0E+]
n number_0e [0e]
n number_1.0e- [1.0e-]
n number_1_000 [1 000.0]
n number_1eE2 [1eE2]
n number_2.e+3 [2.e+3]
n number_9.e+ [9.e+]
n number_Inf [Inf]
n number_NaN [NaN]
n number_U+FF11_fullwidth_digit_one [\0357\0274\0221]
n number_expression [1+2]
n number_hex_1_digit [0x1]
n number_hex_2_digits [0x42]
n number_infinity [Infinity]
n number_invalid+- [0e+-1]
n number_invalid-negative-real [-123.123foo]
n number_minus_infinity [-Infinity]
n number_minus_space_1 [- 1]
n number_neg_real_without_int_part [-.123]
n number_real_garbage_after_e [1ea]
n number_real_without_fractional_part [1.]
n number_starting_with_dot [.123]
n number_with_alpha [1.2a-3]
n number_with_leading_zero [012]
n object_bad_value ["x", truth]
n object_bracket_key {[: "x"}
n object_comma_instead_of_colon {"x", null}
n object_double_colon {"x"::"b"}
n object_emoji {\0360\0237\0207\0250}
n object_garbage_at_end {"a":"a" 123}
n object_key_with_single_quotes {key: 'value'}
n object_missing_colon {"a" b}
n object_missing_key {:"b"}
n object_missing_semicolon {"a" "b"}
n object_missing_value {"a":
n object_no-colon {"a"
n object_non_string_key {1:1}
n object_repeated_null_null {null:null,null:null}
n object_several_trailing_commas {"id":0,,,,,}
n object_single_quote {'a':0}
n object_trailing_comma {"id":0,}
n object_trailing_comment {"a":"b"}/**/
n object_two_commas_in_a_row {"a":"b",,"c":"d"}
n object_unquoted_key {a: "b"}
n object_unterminated-value {"a":"a
n single_space  
n string_1_surrogate_then_escape ["\\uD800\\"]
n string_1_surrogate_then_escape_u ["\\uD800\\u"]
n string_1_surrogate_then_escape_u1x ["\\uD800\\u1x"]
n string_accentuated_char_no_quotes [\0303\0251]
n string_backslash_00 ["\\\0000"]
n string_escape_x ["\\x00"]
n string_escaped_backslash_bad ["\\\\\\"]
n string_escaped_ctrl_char_tab ["\\\0011"]
n string_escaped_emoji ["\\\0360\0237\0214\0200"]
n string_incomplete_escape ["\\"]
n string_incomplete_escaped_character ["\\u00A"]
n string_invalid_backslash_esc ["\\a"]
n string_invalid_unicode_escape ["\\uqqqq"]
n string_leading_uescaped_thinspace [\\u0020"asd"]
n string_no_quotes_with_bad_escape [\\n]
n string_single_doublequote "
n string_single_quote ['single quote']
n string_single_string_no_double_quotes abc
n string_start_escape_unclosed ["\\
n string_unescaped_ctrl_char ["a\0000a"]
n string_unescaped_tab ["\0011"]
n string_unicode_CapitalU "\\UA66D"
n structure_angle_bracket_. <.>
n structure_array_with_extra_array_close [1]]
n structure_capitalized_True [True]
n structure_comma_instead_of_closing_brace {"x": true,
n structure_unicode-identifier \0303\0245
n structure_U+2060_word_joined [\0342\0201\0240]
n structure_unclosed_array_unfinished_false [ true, fals
n structure_whitespace_formfeed [\0014]
N structure_UTF8_BOM_no_data \0357\0273\0277
N structure_angle_bracket_null [<null>]
N structure_array_trailing_garbage [1]x
N structure_ascii-unicode-identifier a\0303\0245
N structure_close_unopened_array 1]
N structure_double_array [][]
N structure_end_array ]
N structure_incomplete_UTF8_BOM \0357\0273{}
N structure_lone-invalid-utf-8 \0345
N structure_lone-open-bracket [
N structure_null-byte-outside-string [\0000]
N structure_number_with_trailing_garbage 2@
N structure_object_followed_by_closing_object {}}
N structure_object_with_comment {"a":/*comment*/"b"}
N structure_object_with_trailing_garbage {"a": true} "x"
N structure_open_array_apostrophe ['
N structure_open_array_open_object [{
N structure_open_object {
N structure_open_object_close_array {]
N structure_open_object_comma {,
N structure_open_object_open_string {"a
N structure_open_open ["\\{["\\{["\\{["\\{
N structure_single_star *
N structure_trailing_# {"a":"b"}#{}
N structure_uescaped_LF_before_string [\\u000A""]
N structure_unclosed_object {"asd":"asd"
END
awk '{ print $1, $2 }' cases >names
while IFS= read -r line; do
    kind=${line%% *} value=${line#* }
    value=${value#* }
    [ $kind = N ] || value='{"prompt":"p","response":"a","rating":5,"x":'$value'}'
    printf '%b\n' "$value"
done <cases >in.jsonl
likert2bin -q --balance none --duplicates keep --rejects bad.jsonl -o out.jsonl in.jsonl || exit
sed 's/.*"line":\([0-9]*\),"reason":"\(.*\)","record":.*/\1 \2/' bad.jsonl >reasons
awk 'FILENAME == "reasons" { n = $1; $1 = ""; reason[n] = $0; next }
    { verdict = FNR in reason ? "refused:" reason[FNR] : "accepted"
      count[$1 " " (FNR in reason ? "refused" : "accepted")]++
      if ($1 != "y" || FNR in reason) print $1, $2, verdict }
    END { for (c in count) print count[c], c | "sort" }' reasons names
