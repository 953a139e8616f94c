# dnf takes more memory than the smallest instances have.
add_swap() {
  local kilobytes
  kilobytes="$(awk '/^MemTotal:/ { print $2 }' "$MEMINFO")"
  if ((kilobytes >= 1048576)) || [[ -e "$SWAP_FILE" ]]; then return 0; fi
  install -m 0600 /dev/null "$SWAP_FILE"
  dd if=/dev/zero "of=$SWAP_FILE" bs=1M count=1024 status=none
  mkswap "$SWAP_FILE" >/dev/null
  swapon "$SWAP_FILE"
  tee --append "$FSTAB" >/dev/null <<<"$SWAP_FILE none swap defaults 0 0"
}

install_boot_hook() {
  local text
  text="$(boot_hook)"
  if [[ -z "$text" ]]; then return 0; fi
  install -m 0700 /dev/null "$BOOT_HOOK"
  tee "$BOOT_HOOK" >/dev/null <<<"$text"
}

install_units() {
  tee "$UNITS/slipway-nat.service" >/dev/null <<END
[Unit]
Description=Network address translation for the VPC's private subnets
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=$PROGRAM start
Restart=on-failure
RestartSec=30
[Install]
WantedBy=multi-user.target
END
  tee "$UNITS/slipway-nat-probe.service" >/dev/null <<END
[Unit]
Description=Checks that the forge can be reached through the NAT instance
After=slipway-nat.service
[Service]
Type=oneshot
ExecStart=$PROGRAM probe
END
  tee "$UNITS/slipway-nat-probe.timer" >/dev/null <<END
[Unit]
Description=Checks every minute that the forge can be reached through the NAT instance
[Timer]
OnActiveSec=60
OnUnitInactiveSec=60
AccuracySec=1s
[Install]
WantedBy=timers.target
END
}

# User data runs only at the first boot: it installs itself as a service, which starts at each boot.
install_service() {
  add_swap
  keep_from_networkd
  install -m 0700 "$0" "$PROGRAM"
  install_boot_hook
  install_units
  systemctl daemon-reload
  systemctl enable --now slipway-nat.service slipway-nat-probe.timer
}
