# Amazon Linux 2023 comes without it.
provide_nft() {
  if command -v nft >/dev/null; then return 0; fi
  retry 5 15 dnf install --assumeyes --quiet nftables
}

apply() {
  provide_nft
  attach
  configure "$INTERFACE" "$ADDRESS" "$SUBNET"
  install -d "$STATE"
  tee "$STATE/address" >/dev/null <<<"$ADDRESS"
  log notice "Traffic that arrives on $INTERFACE ($ENI_ID) leaves through it with source address $ADDRESS."
}

# The operator's script joins a VPN or a leased line: routes in the table ROUTE_TABLE lead packets of the VPC into it.
run_boot_hook() {
  local code=0
  if [[ ! -e "$BOOT_HOOK" ]]; then return 0; fi
  INTERFACE="$INTERFACE" ADDRESS="$ADDRESS" GATEWAY="$(gateway_of "$SUBNET")" ROUTE_TABLE="$ROUTE_TABLE" \
    timeout --kill-after=10 300 "$BOOT_HOOK" || code=$?
  if ((code == 0)); then
    log notice "The boot hook has run."
  else
    log err "The boot hook failed with exit code $code (124 means that it timed out after five minutes). The instance continues without it."
  fi
}

main() {
  trap 'log err "Line $LINENO failed: $BASH_COMMAND"' ERR
  case "${1:-install}" in
    install) install_service ;;
    start)
      apply
      run_boot_hook
      ;;
    probe) probe ;;
    *)
      log err "Unknown argument $1; allowed: install, start, probe."
      return 2
      ;;
  esac
}

# Tests read the functions without running them.
if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then main "$@"; fi
