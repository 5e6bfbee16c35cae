# One disk specification, as xl's own scanner reads it, in both dialects. read_disk() puts its fields into
# disk_line, parted by US: target vdev backendtype format script removable readwrite cdrom direct-io-safe discard.

function disk_error(what, erroneous) {
  complain(source ": config parsing error in disk specification: " what \
    (erroneous == "\001" ? "" : ": near `" erroneous "'") " in `" disk_spec "'")
  disk_failed = 1
}

function set_once(field, name, value) {
  if (disk[field] != "" && disk[field] != value) disk_error(name " respecified", value)
  else disk[field] = value
}

function set_format(value) {
  if (value == "") value = "raw"
  if (value !~ /^(raw|qcow|qcow2|vhd|empty|qed)$/) disk_error("unknown value for format", value)
  else set_once("format", "format", value)
}

function set_access(value) {
  if (value == "r" || value == "ro") disk["readwrite"] = 0
  else if (value == "rw" || value == "w" || value == "") disk["readwrite"] = 1
  else disk_error("unknown value for access", value)
}

function set_vdev_and_type(value,   p, type) {
  for (p = length(value); p > 0 && substr(value, p, 1) != ":"; p--) ;
  if (p == 0) return 0
  type = substr(value, p + 1)
  set_once("vdev", "vdev", substr(value, 1, p - 1))
  if (type == "cdrom") disk["cdrom"] = 1
  else if (type == "disk") disk["cdrom"] = 0
  else disk_error("unknown deprecated type", type)
  return 1
}

function positional(value) {
  if (disk_failed) return 1
  if (!disk["target_set"]) { disk["target"] = value; disk["target_set"] = 1 }
  else if (!disk["old"] && disk["format"] == "") {
    if (disk["target"] == "" && set_vdev_and_type(value)) disk["format"] = "empty"
    else set_format(value)
  } else if (disk["vdev"] == "") { if (!set_vdev_and_type(value)) disk["vdev"] = value }
  else if (!disk["access_set"]) { disk["access_set"] = 1; set_access(value) }
  else { disk_error("too many positional parameters", value); return 0 }
  return 1
}

# erroneous: how xl shows the parameter, with the comma that ended it.
function keyed(k, v, erroneous) {
  if (k == "format") set_format(v)
  else if (k == "access") set_access(v)
  else if (k == "vdev") set_once("vdev", "vdev", v)
  else if (k == "script") set_once("script", "script", v)
  else if (k == "backend") set_once("backend", "backend", v)
  else if (k == "backendtype") {
    if (v !~ /^(phy|tap|qdisk|standalone)$/) disk_error("unknown value for backendtype", v)
    else set_once("backendtype", "backend", v)
  } else if (k == "devtype") {
    if (v == "cdrom") disk["cdrom"] = 1
    else if (v == "disk") disk["cdrom"] = 0
    else disk_error("unknown value for type", erroneous)
  } else disk_error("unknown parameter", erroneous)
}

function flag(k) {
  if (k == "cdrom") disk["cdrom"] = 1
  else if (k == "direct-io-safe") disk["direct"] = 1
  else if (k == "discard") disk["discard"] = "True"
  else if (k == "no-discard") disk["discard"] = "False"
  else if (k != "colo" && k != "no-colo" && k != "trusted" && k != "untrusted") return 0
  return 1
}

function read_disk(spec,   s, piece, p, k) {
  for (k in disk) delete disk[k]
  disk["readwrite"] = 1; disk["cdrom"] = 0; disk["direct"] = 0
  disk_spec = spec; disk_failed = 0
  s = spec
  if (spec ~ /[\t\n\037]/) { disk_error("bad disk syntax", spec); return 0 }
  for (;;) {
    sub(/^[ \t]+/, "", s)
    if (s == "") break
    if (s ~ /^target=/) {
      s = substr(s, 8); sub(/,$/, "", s)
      if (disk["target"] != "") disk_error("target respecified", s)
      disk["target"] = s; disk["target_set"] = 1
      break
    }
    if (match(s, /^[a-z][a-z0-9]*:/)) {
      k = substr(s, 1, RLENGTH - 1); p = RLENGTH
      if (k ~ /^(raw|qcow2?|vhd)$/) { disk["old"] = 1; set_format(k) }
      else if (k ~ /^(tapdisk|tap2?|aio|ioemu|file|phy)$/) disk["old"] = 1
      else if (k ~ /^(iscsi|e?nbd|drbd)$/) { disk["old"] = 1; set_once("script", "script", "block-" k) }
      else if (substr(s, p + 1, 1) !~ /[a-z0-9]/) { disk_error("unknown deprecated disk prefix", k ":"); break }
      else p = 0
      if (p) { s = substr(s, p + 1); continue }
    }
    p = index(s, ",")
    if (p) { piece = substr(s, 1, p - 1); s = substr(s, p + 1) } else { piece = s; s = "" }
    if (flag(piece)) continue
    if (index(piece, "=")) {
      k = substr(piece, 1, index(piece, "=") - 1)
      if (k !~ /^[a-z][-a-z0-9]*$/) { disk_error("bad disk syntax", piece (p ? "," s : "")); break }
      keyed(k, substr(piece, index(piece, "=") + 1), piece (p ? "," : ""))
    } else if (!positional(piece)) break
  }
  if (disk_failed) return 0
  if (disk["format"] == "") disk["format"] = "raw"
  if (disk["cdrom"]) { disk["removable"] = 1; disk["readwrite"] = 0; if (disk["target"] == "") disk["format"] = "empty" }
  if (disk["vdev"] == "") { disk_error("no vdev specified", "\001"); return 0 }
  if (!disk["target_set"] && !disk["removable"]) {
    disk_error("no target specified (and device not removable)", "\001")
    return 0
  }
  disk_line = disk["target"] US disk["vdev"] US disk["backendtype"] US disk["format"] US disk["script"] US \
    (disk["removable"] + 0) US disk["readwrite"] US disk["cdrom"] US disk["direct"] US disk["discard"]
  return 1
}
