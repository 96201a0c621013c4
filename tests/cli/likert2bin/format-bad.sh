likert2bin --format xml in.xml
