"""When a second factor is asked for: always, on another device, in another region; by tenant and by site."""

from patron.settings import Settings
from second_steps import ALWAYS, EMAIL, begin, finish, known
from shoppers import mailed_code, set_policy, settings_changed, sign_in
from shops import Shop, fault


async def test_a_device_is_asked_when_it_is_another_than_the_last(shop: Shop, settings: Settings) -> None:
    await known(shop, second_factor={"on_fingerprint_change": True})

    async def asked(**device: str) -> bool:
        answer = (await sign_in(shop, EMAIL, **device)).json()
        if answer["requires2FA"]:
            done = await finish(shop, answer["userId"], await mailed_code(shop, settings))
            assert done.status_code == 201
        return bool(answer["requires2FA"])

    assert await asked(fingerprint="phone")
    assert not await asked(fingerprint="phone")
    assert await asked()  # one that does not say is another one
    assert not await asked(fingerprint="phone")
    assert await asked(fingerprint="laptop")
    assert await asked(fingerprint="phone")
    assert not await asked(fingerprint="phone", region="TX")


async def test_a_region_is_asked_when_it_is_another_than_the_last(shop: Shop, settings: Settings) -> None:
    await known(shop, second_factor={"on_region_change": True})
    waiting = await begin(shop, region="TX")
    assert (await begin(shop, region="TX"))["requires2FA"]  # nothing is remembered before the code
    waiting = await begin(shop, region="TX")
    assert (await finish(shop, waiting["userId"], await mailed_code(shop, settings))).status_code == 201

    assert (await sign_in(shop, EMAIL, region="TX")).json()["requires2FA"] is False
    assert (await sign_in(shop, EMAIL, region="CA")).json()["requires2FA"] is True
    assert (await sign_in(shop, EMAIL)).json()["requires2FA"] is True


async def test_always_outdoes_the_other_triggers(shop: Shop, settings: Settings) -> None:
    await known(shop, second_factor={"always": True, "on_fingerprint_change": True})
    waiting = await begin(shop, fingerprint="phone")
    await finish(shop, waiting["userId"], await mailed_code(shop, settings))

    assert (await begin(shop, fingerprint="phone"))["requires2FA"] is True


async def test_the_site_counts_before_the_tenant(shop: Shop) -> None:
    await known(shop)
    await shop.database.session().execute(
        "update site set settings = $3 where tenant_id = $1 and id = $2",
        shop.tenant_id,
        shop.site_id,
        {"second_factor": {"always": False}},
    )
    await settings_changed(shop)

    assert (await sign_in(shop, EMAIL)).json()["requires2FA"] is False


async def test_a_login_without_an_address_cannot_be_sent_a_code(shop: Shop) -> None:
    await shop.shopper(emailAddress=None, userName="jo")
    await set_policy(shop, **ALWAYS)

    assert fault(await sign_in(shop, "jo"))[:2] == (403, "FORBIDDEN")
