"""Which addresses codes may be sent to."""

import pytest

from patron.tenants.model import redirect_uri_fault


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example/in",
        "https://app.example:8443/in?from=patron&x=%20",
        "http://localhost/in",
        "http://127.0.0.1:3000/in",
        "com.example.app:/in",
        "com.example.app://in",
    ],
)
def test_codes_go_over_https_to_the_own_machine_or_to_an_app(uri: str) -> None:
    assert redirect_uri_fault(uri) is None


@pytest.mark.parametrize(
    "uri",
    [
        *(
            "",
            "app.example/in",
            "/in",
            "https:///in",
            "https://",
            "http://app.example/in",
            "http://localhost.evil.example/",
        ),
        *(
            "https://app.example/in#top",
            "https://app.example/#",
            "https://user@app.example/",
            "https://u:p@app.example/",
        ),
        *("javascript:alert(1)", "data:text/html,x", "file:///in", "app:/in", "https://app.example:x/", "https://[::1"),
        *("https://app.example/a b", "https://app.example/\r\nx: y", "https://app.example/é", "https://a;b.example/"),
        *("https://a,b.example/", "https://app.example/<x>", "https://app.example/" + "x" * 2_000, "http://[::1]/in"),
    ],
)
def test_other_addresses_are_refused(uri: str) -> None:
    assert redirect_uri_fault(uri)
