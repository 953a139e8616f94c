# decide FAILURES REACHED: what to do after that many failures in a row; REACHED says whether the forge was ever reached
# since boot (yes or no). If it never was, the path is at fault and not the instance: replacing it would go on for ever.
decide() {
  local failures="$1" reached="$2"
  if ((failures >= 15)) && [[ "$reached" == yes ]]; then
    echo replace
  elif ((failures > 0 && failures % 5 == 0)); then
    echo configure
  else
    echo wait
  fi
}

# Any answer will do: the path is what is asked for.
reach_forge() {
  local address
  address="$(cat "$STATE/address")" || return 1
  curl --silent --show-error --ipv4 --head --max-time 10 --output /dev/null --interface "$address" "$PROBE"
}

probe() {
  local failures=0 reached=no cause
  if [[ -e "$STATE/failures" ]]; then failures="$(cat "$STATE/failures")"; fi
  if [[ -e "$STATE/reached" ]]; then reached=yes; fi
  if cause="$(reach_forge 2>&1)"; then
    if ((failures > 0)) || [[ "$reached" == no ]]; then log notice "$PROBE can be reached through $ENI_ID."; fi
    tee "$STATE/failures" "$STATE/reached" >/dev/null <<<0
    return 0
  fi
  failures=$((failures + 1))
  install -d "$STATE"
  tee "$STATE/failures" >/dev/null <<<"$failures"
  log warning "$PROBE could not be reached through $ENI_ID $failures times in a row: $cause"
  case "$(decide "$failures" "$reached")" in
    configure) apply ;;
    replace) ask_for_replacement ;;
    *) ;;
  esac
}

ask_for_replacement() {
  local instance
  instance="$(retry 5 2 imds instance-id)"
  log err "$instance asks its auto scaling group for a replacement."
  aws autoscaling set-instance-health --region "$REGION" --instance-id "$instance" --health-status Unhealthy \
    --no-should-respect-grace-period
}
