#!/bin/bash
# A VPC out of network namespaces: private host, VPC router, NAT instance with two interfaces, GitHub. Runs in namespaces of
# its own (unshare --net --mount --pid), so that nothing outlives it, and prints what was seen as lines `name=value`.
# namespaces.sh USER_DATA NODE TCP
set -euo pipefail
USER_DATA="$1" NODE="$2" TCP="$3"

PRIVATE=10.40.128.5 PRIMARY=10.40.0.10 ENI=10.40.0.20 GITHUB=20.205.243.166

# `ip netns` keeps its names there.
mount -t tmpfs tmpfs /run

inside() {
  ip netns exec "$@"
}

# wire NAMESPACE INTERFACE ADDRESS/LENGTH ROUTER_INTERFACE ROUTER_ADDRESS/LENGTH
wire() {
  ip link add "$2" netns "$1" type veth peer "$4" netns router
  inside "$1" ip link set "$2" up
  inside router ip link set "$4" up
  inside router ip address add "$5" dev "$4"
  if [[ "$3" != none ]]; then inside "$1" ip address add "$3" dev "$2"; fi
}

build() {
  local name
  for name in private router nat github; do
    ip netns add "$name"
    inside "$name" ip link set lo up
    inside "$name" sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
  done
  inside router sysctl -qw net.ipv4.ip_forward=1
  # What a machine may come with.
  inside nat sysctl -qw net.ipv4.ip_forward=0 net.ipv4.conf.default.rp_filter=1 net.ipv4.conf.default.send_redirects=1

  wire private eth0 "$PRIVATE/24" private 10.40.128.1/24
  wire nat ens5 "$PRIMARY/24" primary 10.40.0.1/32
  wire nat ens6 none eni 10.40.0.1/32
  wire github eth0 "$GITHUB/24" internet 20.205.243.1/24
  inside private ip route add default via 10.40.128.1
  inside nat ip route add default via 10.40.0.1 dev ens5
  inside github ip route add default via 20.205.243.1

  # The VPC knows where every address is, and its route table leads the private subnet to GitHub by the interface.
  inside router ip route add "$PRIMARY" dev primary
  inside router ip route add "$ENI" dev eni
  inside router ip route add "$GITHUB" via "$ENI" dev eni onlink table 100
  inside router ip rule add iif private to "$GITHUB" lookup 100
  # Source/destination check of the primary interface.
  inside router nft --file - <<END
table ip vpc {
  counter dropped {}
  chain check {
    type filter hook prerouting priority raw; policy accept;
    iifname "primary" ip protocol tcp ip saddr != $PRIMARY counter name dropped drop
  }
}
END
  inside nat nft add table ip operators
  # Where the tunnel of a boot hook ends. Nobody there knows the VPC's addresses.
  ip link add tunnel netns nat mtu 1420 type veth peer tunnel netns github mtu 1420
  inside nat ip address add 10.99.0.2/30 dev tunnel
  inside github ip address add 10.99.0.1/30 dev tunnel
  inside nat ip link set tunnel up
  inside github ip link set tunnel up
  inside github nft --file - <<END
table ip tunnel {
  set segments {
    typeof tcp option maxseg size
    flags dynamic
  }
  chain arrived {
    type filter hook input priority filter; policy accept;
    iifname "tunnel" tcp flags syn add @segments { tcp option maxseg size }
  }
}
END
}

# serve NAMESPACE PORT: until the end
serve() {
  local ready
  exec {ready}< <(inside "$1" "$NODE" "$TCP" serve "$2")
  read -r -u "$ready"
}

# ask NAMESPACE HOST PORT [LOCAL_ADDRESS]
ask() {
  local namespace="$1"
  shift
  inside "$namespace" "$NODE" "$TCP" connect "$@"
}

configure_nat() {
  inside nat bash -c 'source "$1"; configure ens6 "$2" 10.40.0.0/24' configure "$USER_DATA" "$ENI"
}

told() {
  echo "$1=$(tr '\n' ';' <<<"$2" | sed -E 's/[[:space:]]+/ /g; s/ ?;+ ?/; /g; s/; $//')"
}

dropped() {
  inside router nft list counter ip vpc dropped | sed -nE 's/.*packets ([0-9]+) .*/\1/p'
}

build
serve github 443
serve nat 22

told unconfigured "$(ask private "$GITHUB" 443)"

configure_nat
told configured "$(ask private "$GITHUB" 443)"
told probe "$(ask nat "$GITHUB" 443 "$ENI")"
told instanceItself "$(ask nat "$GITHUB" 443)"
told instanceCalled "$(ask private "$ENI" 22)"
told droppedOnceConfigured "$(dropped)"

coproc CONVERSATION { inside private "$NODE" "$TCP" converse "$GITHUB" 443; }
read -r -u "${CONVERSATION[0]}" greeting
configure_nat
echo "still there" >&"${CONVERSATION[1]}"
read -r -u "${CONVERSATION[0]}" answer
told conversation "$greeting, $answer"
told rules "$(inside nat ip -4 rule show | grep -w 'lookup 7317')"
told routes "$(inside nat ip -4 route show table 7317)"
told tables "$(inside nat nft list tables)"
told translations "$(inside nat nft list chain ip slipway postrouting | grep -c masquerade)"
told settings "$(inside nat sysctl -n net.ipv4.ip_forward net.ipv4.conf.all.send_redirects net.ipv4.conf.ens6.send_redirects \
  net.ipv4.conf.ens6.rp_filter)"

# systemd-networkd and other tools delete rules that are not theirs.
inside nat ip -4 rule delete priority 7317
inside nat ip -4 rule delete priority 7319
told withoutRule "$(ask private "$GITHUB" 443)"
told droppedWithoutRule "$(($(dropped) > 0 ? 1 : 0))"
configure_nat
told appliedAnew "$(ask private "$GITHUB" 443)"

# What a boot hook does whose tunnel is the way to everything.
inside nat ip route add default via 10.99.0.1 dev tunnel table 7317
configure_nat
told tunnel "$(ask private "$GITHUB" 443)"
told segments "$(inside github nft list set ip tunnel segments | sed -nE 's/.*elements = [{] (.*) [}]/\1/p')"
told probeByTunnel "$(ask nat "$GITHUB" 443 "$ENI")"
inside nat ip route delete default via 10.99.0.1 dev tunnel table 7317
told tunnelAfterwards "$(ask private "$GITHUB" 443)"

inside nat ip link set ens6 down
told interfaceDown "$(ask private "$GITHUB" 443)"
told routesDown "$(inside nat ip -4 route show table 7317)"
told probeDown "$(ask nat "$GITHUB" 443 "$ENI")"
