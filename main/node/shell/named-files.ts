/**
 * Which files a line of a guest's configuration names, told by awk: without a parser on the node, rather one too many than one too few.
 * A path holds commas where it stands behind "target=", and backslashes hide a part of one from whoever does not read them as xl does.
 */

/**
 * Functions of awk: `named_in(line)` prints a line for each, "file PATH" where it is one by the rules of xl, "perhaps PATH" where it is
 * one only if there is such a file. No apostrophe may stand in it.
 */
export const namedFiles = `
  function tell_path(word, path) {
    if (!index(path, "/")) return
    path = substr(path, index(path, "/"))
    if (path ~ /[ \\t\\r]$/) {
      print "perhaps " path
      sub(/[ \\t\\r]+$/, "", path)
    }
    if (length(path) > 1) print word " " path
  }
  function tell_pieces(word, text, apart,   piece, n, i) {
    n = split(text, piece, apart)
    for (i = 1; i <= n; i++) tell_path(word, piece[i])
  }
  # xl drops what is written by its number; a newline can not be told in one line
  function without_escapes(text,   out, at, next_one) {
    while ((at = index(text, "\\\\"))) {
      out = out substr(text, 1, at - 1)
      next_one = substr(text, at + 1, 1)
      text = substr(text, at + 2)
      if (next_one ~ /[0-7]/ && match(substr(text, 1, 3), /^[ \\t\\v\\f\\r]*[-+]?[0-9]+/) && RLENGTH > 1) {
        text = substr(text, RLENGTH + 1)
        continue
      }
      if (next_one == "n") next_one = "?"
      else if (next_one == "t") next_one = "\\t"
      out = out next_one
    }
    return out text
  }
  function tell_string(text,   behind) {
    text = without_escapes(text)
    tell_path("perhaps", text)
    if (match(text, /(^|[,: \\t])target=/)) {
      behind = substr(text, RSTART + RLENGTH)
      text = substr(text, 1, RSTART - 1)
      sub(/,$/, "", behind)
      tell_path("file", behind)
      tell_pieces("perhaps", behind, ",")
    }
    tell_pieces("file", text, ",")
  }
  function named_in(line,   piece, n, i, at, quote, mark, text) {
    if (line ~ /^[ \\t]*#/ || !index(line, "/")) return
    tell_pieces("perhaps", line, "[\\"\\047,()]")
    n = split(line, piece, /["\\047]/)
    at = 0
    quote = ""
    for (i = 1; i <= n; i++) {
      at += length(piece[i]) + 1
      mark = substr(line, at, 1)
      if (quote == "") {
        if (index(piece[i], "#")) return
        quote = mark
        text = ""
        continue
      }
      text = text piece[i]
      if (i == n || (mark == quote && (!match(piece[i], /\\\\+$/) || RLENGTH % 2 == 0))) {
        tell_string(text)
        quote = ""
      } else text = text mark
    }
  }`;
