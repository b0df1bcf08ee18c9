# shellcheck shell=bash disable=SC2154
# scripts/demo --web: registry, gateway, sender, Kannel, simulated phones and the
# sample shop, for a person alone with a browser. Sourced by scripts/demo.

free_port() { /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# wait_for_page ADDRESS LOG
wait_for_page() {
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        /usr/bin/python3 -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=5)' "$1" 2>/dev/null && return
        sleep 0.1
    done
    show_end 20 "$2" >&2
    die "$1 does not answer"
}

web_registry() {
    value postgres postgres 'CREATE DATABASE registry' >/dev/null
    run_psql -d registry -U postgres -v shop="http://127.0.0.1:$shop_port" >"$work/result" <<'SQL'
CREATE EXTENSION kycvs CASCADE;
SELECT kycvs.create_key();
SELECT kycvs.add_usual_purpose('hotel-check-in');
CREATE ROLE hotel LOGIN;
SELECT kycvs.add_entity('sabarmati', 'Sabarmati Inn', 'hotel', ARRAY['hotel-check-in']);
SELECT kycvs.set_page('sabarmati', ARRAY[:'shop']);
CREATE ROLE sms LOGIN IN ROLE kycvs_sender;
CREATE ROLE web LOGIN IN ROLE kycvs_gateway;
SELECT kycvs.register_person('98250 12345', 'Ramesh Patel') AS person \gset
SELECT kycvs.record_dose(:person, 'COVISHIELD', '2021-04-02'), kycvs.record_dose(:person, 'COVISHIELD', '2021-07-01');
SELECT kycvs.register_person('98250 23456', 'હેતલ શાહ') AS person \gset
SELECT kycvs.record_dose(:person, 'ZYCOV-D', '2021-12-02');
SELECT kycvs.register_person('98250 34567', 'सुनील शर्मा');
SQL
}

web_sms() {
    local sendsms
    start_gateway
    sendsms=$(sed -n 's/^sendsms //p' "$work/gateway.out")
    value registry postgres "SELECT kycvs.add_sms_route('kannel', allow_private => true, secret_file => 'kannel', success_status => 202,
        url => '$sendsms?username=kycvs&password={secret}&to={to_digits}&text={text}&coding={coding}&charset=UTF-8&validity=2')" >/dev/null 2>&1
    run_program sender "$work/src/sender/kycvs-sender" --database "host=$work/run dbname=registry user=sms" --secrets "$work/secrets" 2>"$work/sender.log"
    run_program phone-page /usr/bin/python3 "$work/src/scripts/demo.d/phone-page" "$work/gateway/phone" "$phone_port"
    wait_for_page "http://127.0.0.1:$phone_port/" "$work/gateway.log"
}

web_gateway() {
    run_program web "$work/src/gateway/kycvs-gateway" --database "host=$work/run dbname=registry user=web" \
        --listen "127.0.0.1:$web_port" --web "$work/src/web" 2>"$work/web.log"
    wait_for_page "http://127.0.0.1:$web_port/healthz" "$work/web.log"
}

web_shop() {
    value postgres postgres 'CREATE DATABASE shop' >/dev/null
    run_psql -d shop -U postgres -v issuer=https://registry.example -v jwks="$(value registry postgres 'SELECT kycvs_jwks()')" \
        -v client=sabarmati -f "$work/src/web/sample-shop/schema.sql" >"$work/result"
    run_program shop env PGHOST="$work/run" PGDATABASE=shop PGUSER=shop PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$work/src/web/sample-shop/shop.py" \
        --port "$shop_port" --gateway "http://127.0.0.1:$web_port" >"$work/shop.log" 2>&1
    wait_for_page "http://127.0.0.1:$shop_port/" "$work/shop.log"
}

play_web() {
    local web_port shop_port phone_port
    web_port=$(free_port) shop_port=$(free_port) phone_port=$(free_port)
    web_registry
    web_sms
    web_gateway
    web_shop
    cat <<END
    ${bold}Open both in a browser of this machine${plain}

      the shop    ${blue}http://127.0.0.1:$shop_port/${plain}
      the phone   ${blue}http://127.0.0.1:$phone_port/${plain}    where each SMS arrives, whatever the number

    Who is in the registry: Ramesh Patel, 98250 12345, both doses; હેતલ શાહ (Hetal Shah will do), 98250 23456, one of three;
    सुनील शर्मा (Sunil Sharma), 98250 34567, none. Whoever else is not found.

    Ctrl-C ends it, and removes all of it.
END
    wait -n || true # a signal ends it here
    die "one of the programs has ended"
}
