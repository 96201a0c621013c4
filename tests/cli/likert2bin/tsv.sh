printf 'prompt\tresponse\trating\np\ta, b\t5\np\tc\t1\n' >in.tsv; likert2bin in.tsv
