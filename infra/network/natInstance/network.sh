# Amazon Linux (amazon-ec2-net-utils) would set up the second interface by DHCP with routes and rules for its own address
# only, over several reloads that flush what others have set: the interface is kept from it before it is attached.
# https://github.com/awslabs/amazon-eks-ami/pull/1738
keep_from_networkd() {
  install -d "$NETWORKD/network" "$NETWORKD/networkd.conf.d"
  tee "$NETWORKD/network/10-slipway-nat.network" >/dev/null <<END
[Match]
MACAddress=$ENI_MAC
[Link]
Unmanaged=yes
END
  # https://github.com/aws/amazon-vpc-cni-k8s/issues/1600
  tee "$NETWORKD/networkd.conf.d/10-slipway-nat.conf" >/dev/null <<END
[Network]
ManageForeignRoutes=no
ManageForeignRoutingPolicyRules=no
END
  systemctl try-restart systemd-networkd.service
}

# The VPC's router has the first address of every subnet.
# https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
gateway_of() {
  local network="${1%/*}"
  echo "${network%.*}.$((${network##*.} + 1))"
}

# rule PRIORITY SELECTOR…: routes by the table, with only this rule at that priority. SELECTOR as `ip rule show` prints it.
rule() {
  local priority="$1"
  shift
  if [[ "$(ip -4 rule show priority "$priority")" == *"$* lookup $ROUTE_TABLE"* ]]; then return 0; fi
  while ip -4 rule delete priority "$priority" 2>/dev/null; do :; done
  ip -4 rule add priority "$priority" "$@" lookup "$ROUTE_TABLE"
}

# configure INTERFACE ADDRESS SUBNET: may be repeated, and disturbs no connection.
#
# What arrives on the interface leaves by it, in both directions. By the main table it would leave by the primary interface:
# what comes from a task would bear another address than the Elastic IP, and an answer to a task would be dropped there,
# for its source is not the instance (source/destination check). The same goes for an answer that comes by a tunnel: it is
# known by the mark of its connection.
configure() {
  local interface="$1" address="$2" subnet="$3" gateway mark
  gateway="$(gateway_of "$subnet")"
  printf -v mark '0x%x' "$ROUTE_TABLE"
  # Packets leave by the interface that they came by, of which a router tells their sender, unless both are off.
  # Of what goes into a tunnel of the boot hook, the kernel looks the way back up in the main table, which has the primary
  # interface: strict reverse path filtering would drop it.
  sysctl --quiet --write net.ipv4.conf.all.send_redirects=0 "net.ipv4.conf.$interface.send_redirects=0" \
    "net.ipv4.conf.$interface.rp_filter=2"
  # Hosts of the VPC send frames of up to 9001 bytes.
  ip link set dev "$interface" mtu 9001 up
  ip -4 address replace "$address/${subnet#*/}" dev "$interface" noprefixroute
  ip -4 route replace "$subnet" dev "$interface" scope link src "$address" table "$ROUTE_TABLE"
  ip -4 route replace "$VPC_CIDR" via "$gateway" dev "$interface" onlink src "$address" table "$ROUTE_TABLE"
  # Behind any default route that the boot hook adds without a metric.
  ip -4 route replace default via "$gateway" dev "$interface" onlink src "$address" metric 1000 table "$ROUTE_TABLE"
  # Stays where the interface goes: what arrived must not leave by the primary one.
  ip -4 route replace unreachable default metric 4294967295 table "$ROUTE_TABLE"
  rule "$ROUTE_TABLE" from all iif "$interface"
  # The probe takes the way that the packets of the VPC take.
  rule "$((ROUTE_TABLE + 1))" from "$address"
  rule "$((ROUTE_TABLE + 2))" from all fwmark "$mark"
  translate "$interface" "$address" "$mark"
  # Comes last: a connection that was forwarded untranslated once remains so.
  sysctl --quiet --write net.ipv4.ip_forward=1
}

# One transaction, in a table of its own: there is no moment without it, and nobody else's rules are touched.
# What the boot hook leads into a tunnel is masqueraded there, too, and so is the probe, which has ADDRESS until then. A
# tunnel takes smaller packets than the VPC, and forges' networks may drop what tells them so (ICMP): the segments that
# the VPC's hosts ask for are as small as the way out. Nothing in the VPC has business with the instance itself.
#
# translate INTERFACE ADDRESS MARK
translate() {
  nft --file - <<END
table ip slipway
delete table ip slipway
table ip slipway {
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "$1" ct state new ct mark set $3
    iifname != "$1" ct mark $3 meta mark set $3
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    iifname "$1" masquerade
    oifname != "$1" ip saddr $2 masquerade
  }
  chain forward {
    type filter hook forward priority mangle; policy accept;
    iifname "$1" tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu
  }
  chain input {
    type filter hook input priority filter; policy accept;
    iifname "$1" ct state new drop
  }
}
END
}
