"""What the article's hook does, for comparison: python3, then iptables."""
import ipaddress
import subprocess
import sys

action, vip = sys.argv[1:]
ipaddress.ip_address(vip)
rule = ["PREROUTING", "-t", "nat", "-d", vip + "/32", "-p", "tcp", "-j", "REDIRECT"]
present = subprocess.run(["iptables", "-C", *rule], stderr=subprocess.DEVNULL).returncode == 0
if (action == "-a") != present:
    subprocess.run(["iptables", "-A" if action == "-a" else "-D", *rule], check=True)
