# Reads a domain configuration (xl.cfg) as xl 4.17 does and prints its facts, one "key<TAB>value" a line, or
# xl's own complaints on stderr and exit code 1. Run with: -v source=NAME as shown in messages, -v new_uuid=UUID,
# and -v final_newline=0 where the file does not end in one. mawk: no gensub, no strtonum, no {n} in regular expressions.

function complain(text) { print text > "/dev/stderr"; failed = 1 }

# ---- tokens: type in tok, value in tokvalue, the text as written in toktext, its line in tokline ----

function unescape(s,   out, c, i, n, code, digits) {
  if (index(s, "\\") == 0) return s
  out = ""; n = length(s)
  for (i = 1; i <= n; i++) {
    c = substr(s, i, 1)
    if (c != "\\") { out = out c; continue }
    i++; c = substr(s, i, 1)
    # xl refuses every hexadecimal escape, valid ones too.
    if (c == "x") escape_error = 1
    else if (c ~ /[0-7]/) {
      code = 0; digits = 0; i--
      while (digits < 3 && substr(s, i + 1, 1) ~ /[0-7]/) { code = code * 8 + substr(s, i + 1, 1); i++; digits++ }
      out = out sprintf("%c", code)
    } else if (c in escapes) out = out escapes[c]
    else out = out c
  }
  return out
}

function take(type, length_) {
  tok = type; toktext = substr(rest, 1, length_); tokvalue = toktext; tokline = line
  rest = substr(rest, length_ + 1)
}

function near_message(text, what) {
  sub(/[ \t]+$/, "", text)
  complain(source ":" tokline ": config parsing error near " (text == "\n" ? "<newline>" : "`" text "'") ": " what)
}

function next_token() {
  for (;;) {
    sub(/^[ \t]+/, "", rest)
    if (rest == "") {
      if (line >= lines && !unended) { tok = "EOF"; toktext = ""; tokline = line; return }
      if (!unended) { line++; rest = text[line]; unended = (line < lines || final_newline); continue }
      # What is wrong with the end of a line, xl reports for the line before.
      tok = "NEWLINE"; toktext = "\n"; tokline = line - 1; unended = 0
      return
    }
    if (match(rest, /^[a-z][_0-9a-z.]*/)) { take("IDENT", RLENGTH); return }
    if (match(rest, /^[0-9][0-9a-fx]*/)) { take("NUMBER", RLENGTH); return }
    if (substr(rest, 1, 2) == "+=") { take("+=", 2); return }
    if (match(rest, /^[],[=;]/)) { take(substr(rest, 1, 1), 1); return }
    if (substr(rest, 1, 1) == "#") {
      toktext = rest; rest = ""
      if (!unended) continue
      tok = "NEWLINE"; tokline = line - 1; unended = 0
      return
    }
    if (match(rest, /^'([^'\\]|\\.)*'/) || match(rest, /^"([^"\\]|\\.)*"/)) {
      take("STRING", RLENGTH)
      tokvalue = unescape(substr(toktext, 2, length(toktext) - 2))
      if (escape_error) {
        near_message(toktext, "invalid digit after backslash hexnumerical character escape in quoted string")
        escape_error = 0
      }
      return
    }
    match(rest, /^.[^ \t]*/)
    if (rest ~ /^[-+.():,]/) python = 1
    tokline = line
    near_message(substr(rest, 1, RLENGTH), "lexical error")
    lexical_error_line = line
    rest = substr(rest, RLENGTH + 1)
  }
}

function shift() { if (error_status > 0) error_status--; next_token() }

function shown_token(type) { return type ~ /^[A-Z]/ ? (type == "EOF" ? "$end" : type) : (type == "+=" ? "+=" : "'" type "'") }

function syntax_error(expecting,   what) {
  failed = 1
  if (error_status == 0 && (tok == "NEWLINE" ? tokline + 1 : tokline) != lexical_error_line) {
    what = "syntax error, unexpected " shown_token(tok)
    if (expecting != "") what = what ", expecting " expecting
    near_message(toktext, what)
  }
  # Its parser can't go on from there.
  if (expecting == "$end") { tok = "EOF"; return }
  while (tok != "NEWLINE" && tok != "EOF") next_token()
  error_status = 3
  if (tok == "NEWLINE") shift()
}

# ---- grammar ----

function clear(key,   i) { for (i = 1; i <= count[key]; i++) delete element[key, i]; count[key] = 0; delete kind[key] }

# Reads a list after its '['. Returns 0 after a syntax error.
function read_list(key, depth) {
  shift()
  for (;;) {
    while (tok == "NEWLINE") shift()
    if (tok == "]") { shift(); return 1 }
    if (tok == "[") {
      if (!read_list(key, depth + 1)) return 0
    } else if (tok == "STRING" || tok == "NUMBER") {
      # Elements of nested lists are of no use to the stand-in: only the first level is kept.
      if (depth == 0) element[key, ++count[key]] = tokvalue
      shift()
    } else {
      syntax_error("']'")
      return 0
    }
    while (tok == "NEWLINE") shift()
    if (tok == ",") shift()
    else if (tok != "]") { syntax_error("']'"); return 0 }
  }
}

function read_assignment(   key, adding) {
  key = tokvalue; setting_line[key] = tokline
  shift()
  if (tok != "=" && tok != "+=") { syntax_error("+= or '='"); return }
  adding = (tok == "+=" && (key in kind))
  shift()
  if (!adding) clear(key)
  if (tok == "[") { kind[key] = "list"; if (!read_list(key, 0)) return }
  else if (tok == "STRING" || tok == "NUMBER") {
    if (adding && kind[key] == "list") element[key, ++count[key]] = tokvalue
    else { kind[key] = "atom"; count[key] = 1; element[key, 1] = (adding ? element[key, 1] : "") tokvalue }
    shift()
  } else { syntax_error("STRING or NUMBER or '['"); return }
  if (tok == "NEWLINE" || tok == ";") shift()
  else if (tok != "EOF") syntax_error("$end")
}

function parse() {
  next_token()
  while (tok != "EOF") {
    if (tok == "NEWLINE" || tok == ";") shift()
    else if (tok == "IDENT") read_assignment()
    else syntax_error("$end or IDENT or NEWLINE or ';'")
  }
}

# ---- values ----

function has(key) { return (key in kind) && kind[key] == "atom" }
function string_of(key, otherwise) { return has(key) ? element[key, 1] : otherwise }

function number_of(key, otherwise,   s, v, i, c, base) {
  if (!has(key)) return otherwise
  s = tolower(element[key, 1]); base = 10
  if (s ~ /^0x/) { base = 16; s = substr(s, 3) } else if (s ~ /^0[0-9]/) base = 8
  v = 0
  for (i = 1; i <= length(s); i++) {
    c = index("0123456789abcdef", substr(s, i, 1)) - 1
    if (c < 0 || c >= base) {
      print source ":" setting_line[key] ": warning: parameter `" key "' is not a valid number" > "/dev/stderr"
      return otherwise
    }
    v = v * base + c
  }
  return v
}

function fact(key, value) {
  gsub(/[\t\n]/, " ", value)
  out = out key "\t" value "\n"
}

function fatal(message) { complain(message); exit 1 }

function action(key, otherwise,   value) {
  value = string_of(key, otherwise)
  if (value !~ /^(destroy|restart|rename-restart|preserve|coredump-destroy|coredump-restart|soft-reset)$/)
    fatal("Unknown " key " action \"" value "\" specified")
  if (value == "rename-restart") value = "restart-rename"
  gsub(/-/, "_", value)
  fact(key, value)
}

function read_nic(spec, index_,   parts, n, i, k, v, mac, bridge, ip, model, script, vifname, type) {
  n = split(spec, parts, ",")
  for (i = 1; i <= n; i++) {
    sub(/^[ \t]+/, "", parts[i]); sub(/[ \t]+$/, "", parts[i])
    if (parts[i] == "") continue
    k = parts[i]; v = ""
    if (index(k, "=")) { v = substr(k, index(k, "=") + 1); k = substr(k, 1, index(k, "=") - 1) }
    if (k == "mac") mac = v
    else if (k == "bridge") bridge = v
    else if (k == "ip") ip = v
    else if (k == "model") model = v
    else if (k == "script") script = v
    else if (k == "vifname") vifname = v
    else if (k == "type") type = v
    else if (k !~ /^(rate|backend|accel|netdev|gatewaydev|devid|mtu|trusted|forwarddev|vlan)$/)
      complain("unrecognized argument `" parts[i] "'")
  }
  if (mac != "" && mac !~ /^[0-9a-fA-F][0-9a-fA-F](:[0-9a-fA-F][0-9a-fA-F])*$/) {
    complain("Invalid parameter `mac'.")
    mac = ""
  }
  fact("nic", tolower(mac) US bridge US ip US model US script US vifname US type)
}

function results(   type, uuid, memory, vcpus, cmdline, root, extra, i) {
  if (("name" in kind) && kind["name"] == "list")
    complain(source ":" setting_line["name"] ": warning: parameter `name' is a list but should be a single value")
  if (!has("name")) fatal("Domain name must be specified.")
  type = string_of("type", string_of("builder", "pv"))
  if (type == "generic" || type == "linux") type = "pv"
  if (type !~ /^(pv|hvm|pvh)$/) fatal("Invalid domain type " type ".")
  uuid = tolower(string_of("uuid", new_uuid))
  if (uuid !~ /^[0-9a-f]+(-[0-9a-f]+)*$/ || length(uuid) != 36) fatal("Failed to parse UUID: " string_of("uuid", ""))
  fact("type", type); fact("name", string_of("name", "")); fact("uuid", uuid)
  memory = number_of("memory", "")
  # MiB, empty where nothing is given; the maximum follows the memory.
  fact("memory", memory); fact("maxmem", number_of("maxmem", memory))
  vcpus = number_of("vcpus", "")
  if (vcpus == 0) vcpus = ""
  fact("vcpus", vcpus); fact("maxvcpus", number_of("maxvcpus", vcpus))
  action("on_poweroff", "destroy"); action("on_reboot", "restart"); action("on_watchdog", "destroy")
  action("on_crash", "destroy"); action("on_soft_reset", "soft-reset")
  if (type == "pv" && !has("kernel") && !has("bootloader")) fatal("Neither kernel nor bootloader specified")
  fact("kernel", string_of("kernel", "")); fact("ramdisk", string_of("ramdisk", ""))
  root = string_of("root", ""); extra = string_of("extra", "")
  cmdline = has("cmdline") ? string_of("cmdline", "") : (root == "" ? "" : "root=" root (extra == "" ? "" : " ")) extra
  if (has("cmdline") && (root != "" || extra != ""))
    complain("Warning: ignoring root= and extra= in favour of cmdline=")
  fact("cmdline", cmdline)
  fact("weight", number_of("cpu_weight", "")); fact("cap", number_of("cpu_cap", ""))
  fact("bootloader", string_of("bootloader", "")); fact("bootloader_args", string_of("bootloader_args", ""))
  if (("disk" in kind) && kind["disk"] == "atom")
    complain(source ":" setting_line["disk"] ": warning: parameter `disk' is a single value but should be a list")
  if (("disk" in kind) && kind["disk"] == "list")
    for (i = 1; i <= count["disk"]; i++) {
      if (!read_disk(element["disk", i])) exit 1
      fact("disk", disk_line)
    }
  if (("vif" in kind) && kind["vif"] == "list")
    for (i = 1; i <= count["vif"]; i++) read_nic(element["vif", i], i - 1)
}

BEGIN {
  US = "\037"
  escapes["a"] = "\a"; escapes["b"] = "\b"; escapes["f"] = "\f"; escapes["n"] = "\n"
  escapes["r"] = "\r"; escapes["t"] = "\t"; escapes["v"] = "\v"
  lines = 0; line = 0; rest = ""; unended = 0; failed = 0; error_status = 0; lexical_error_line = -1
}
{ text[++lines] = $0 }
END {
  if (failed) exit 1
  if (lone_disk) {
    if (!read_disk(text[1])) exit 1
    print "disk\t" disk_line
    exit 0
  }
  parse()
  if (failed) {
    if (python) {
      complain("warning: Config file looks like it contains Python code.")
      complain("warning:  Arbitrary Python is no longer supported.")
      complain("warning:  See https://wiki.xen.org/wiki/PythonInXlConfig")
    }
    complain("Failed to parse config: Invalid argument")
    exit 1
  }
  results()
  printf "%s", out
}
