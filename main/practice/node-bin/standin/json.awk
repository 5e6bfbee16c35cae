# Writes one domain's facts (see config.awk) as the JSON of `xl create -n` (stored=0) or as one element of the array of
# `xl list -l` (stored=1, with -v domid=N -v memory=MiB). Keys whose value is libxl's default are left out, as there.

function json_string(s,   out, i, c) {
  if (s !~ /[\\"]/ && s !~ /[\001-\037]/) return "\"" s "\""
  out = ""
  for (i = 1; i <= length(s); i++) {
    c = substr(s, i, 1)
    if (c == "\\" || c == "\"") c = "\\" c
    out = out c
  }
  return "\"" out "\""
}

# Objects and arrays: open(), item() for each member, close().
function pad(   i, s) { s = ""; for (i = 0; i < depth; i++) s = s "    "; return s }
function begin(opening) { printf "%s\n", opening; depth++; first[depth] = 1 }
function member(key) {
  if (!first[depth]) printf ",\n"
  first[depth] = 0
  printf "%s", pad()
  if (key != "") printf "\"%s\": ", key
}
function finish(closing) {
  if (first[depth]) printf "\n"; else printf "\n"
  depth--
  printf "%s%s", pad(), closing
}
function text(key, value) { member(key); printf "%s", json_string(value) }
function optional(key, value) { if (value != "") text(key, value) }
function number(key, value) { member(key); printf "%s", value }
function nothing(key) { member(key); begin("{"); finish("}") }

BEGIN { FS = "\t"; disks = 0; nics = 0 }
$1 == "disk" { disk[++disks] = substr($0, 6); next }
$1 == "nic" { nic[++nics] = substr($0, 5); next }
{ f[$1] = substr($0, length($1) + 2) }

END {
  if (memory == "") memory = f["memory"]
  depth = base + 0
  if (stored) { printf "%s", pad(); begin("{"); number("domid", domid); member("config") }
  begin("{")
  member("c_info"); begin("{")
  text("type", f["type"]); text("name", f["name"])
  if (stored) number("domid", "4294967295")
  text("uuid", f["uuid"]); text("run_hotplug_scripts", "True")
  finish("}")

  member("b_info"); begin("{")
  if (f["maxvcpus"] != "") number("max_vcpus", f["maxvcpus"])
  if (f["vcpus"] != "") {
    member("avail_vcpus"); begin("[")
    for (i = 0; i < f["vcpus"]; i++) number("", i)
    finish("]")
  }
  if (f["maxmem"] != "") number("max_memkb", f["maxmem"] * 1024)
  if (memory != "") number("target_memkb", memory * 1024)
  if (stored) number("video_memkb", 0)
  member("sched_params"); begin("{")
  if (stored) text("sched", "credit2")
  if (f["weight"] != "" || stored) number("weight", f["weight"] == "" ? 256 : f["weight"])
  if (f["cap"] != "" || stored) number("cap", f["cap"] + 0)
  finish("}")
  text("claim_mode", "True")
  optional("kernel", f["kernel"]); optional("cmdline", f["cmdline"]); optional("ramdisk", f["ramdisk"])
  optional("bootloader", f["bootloader"])
  member("type." f["type"]); begin("{")
  if (f["type"] == "hvm") { nothing("vga"); nothing("vnc"); nothing("sdl"); nothing("spice"); nothing("rdm") }
  finish("}")
  nothing("arch_arm")
  member("arch_x86"); begin("{")
  if (stored) text("msr_relaxed", "False")
  finish("}")
  finish("}")

  if (disks) {
    member("disks"); begin("[")
    for (i = 1; i <= disks; i++) {
      split(disk[i], d, "\037")
      member(""); begin("{")
      text("pdev_path", d[1]); text("vdev", d[2])
      optional("backend", d[3])
      text("format", d[4])
      optional("script", d[5])
      if (d[6] + 0) number("removable", 1)
      if (d[7] + 0) number("readwrite", 1)
      if (d[8] + 0) number("is_cdrom", 1)
      if (d[9] + 0) number("direct_io_safe", "true")
      optional("discard_enable", d[10])
      # Not of a disk that was attached later.
      if (stored && d[11] == "") text("colo_restore_enable", "False")
      finish("}")
    }
    finish("]")
  }
  if (nics) {
    member("nics"); begin("[")
    for (i = 1; i <= nics; i++) {
      split(nic[i], n, "\037")
      member(""); begin("{")
      number("devid", i - 1)
      optional("model", n[4]); optional("mac", n[1]); optional("ip", n[3]); optional("bridge", n[2])
      optional("ifname", n[6]); optional("script", n[5]); optional("nictype", n[7])
      finish("}")
    }
    finish("]")
  }
  if (f["on_poweroff"] != "destroy") text("on_poweroff", f["on_poweroff"])
  if (f["on_reboot"] != "destroy") text("on_reboot", f["on_reboot"])
  if (f["on_watchdog"] != "destroy") text("on_watchdog", f["on_watchdog"])
  if (f["on_crash"] != "destroy") text("on_crash", f["on_crash"])
  if (f["on_soft_reset"] != "destroy") text("on_soft_reset", f["on_soft_reset"])
  finish("}")
  if (stored) finish("}")
  else printf "\n"
}
