"""Who makes decoders work for nothing comes after the others, but is not shut out."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import requests

from tress.server.admission import standing, turns
from tress.server.admission.keys import KeyRing, digest_of
from tress.server.admission.standing import Standing
from tress.server.admission.turns import Turns


def wait_for(condition):
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def refuse(accounts, client, times, now=0.0):
    for _ in range(times):
        accounts.note(client, refused=True, now=now)


def test_three_more_refused_than_taken_is_a_poor_standing():
    accounts = Standing()
    for _ in range(50):
        accounts.note("passes on what others send", refused=True, now=0.0)
        accounts.note("passes on what others send", refused=False, now=0.0)
    refuse(accounts, "bad", 2)
    assert not accounts.is_poor("bad", 1.0)
    refuse(accounts, "bad", 1)
    assert accounts.is_poor("bad", 1.0)
    assert not accounts.is_poor("passes on what others send", 1.0)
    assert not accounts.is_poor("never heard of", 1.0)


def test_a_poor_standing_is_soon_forgotten():
    accounts = Standing()
    refuse(accounts, "bad", 500, now=100.0)
    assert accounts.is_poor("bad", 119.0)
    assert not accounts.is_poor("bad", 121.0)
    refuse(accounts, "bad", 1, now=121.0)
    assert not accounts.is_poor("bad", 121.0)


def test_pictures_that_can_be_read_mend_a_standing():
    accounts = Standing()
    refuse(accounts, "bad", 500)
    for _ in range(6):
        accounts.note("bad", refused=False, now=1.0)
    assert not accounts.is_poor("bad", 1.0)


def test_standings_take_little_memory(monkeypatch):
    monkeypatch.setattr(standing, "_MOST_CLIENTS", 10)
    accounts = Standing()
    for number in range(100):
        refuse(accounts, f"198.51.100.{number}", 3)
    accounts.note("good", refused=False, now=0.0)
    assert len(accounts._accounts) == 10
    assert accounts.is_poor("198.51.100.99", 1.0)
    assert not accounts.is_poor("198.51.100.0", 1.0)


def order_of(clients, poor, threads=1):
    """In which order the clients have their turns, while all of them wait."""
    had = []

    async def ask(turns, client):
        async with turns.take(client):
            had.append(client)
            await asyncio.sleep(0)

    async def all_of_them():
        turns = Turns(threads, poor.__contains__)
        await asyncio.gather(*(ask(turns, client) for client in clients))
        assert turns._free == threads

    asyncio.run(all_of_them())
    return "".join(had)


def test_first_come_first_served():
    assert order_of("xabcde", "") == "xabcde"
    assert order_of("xabcde", "abcdex") == "xabcde"


def test_who_stands_poorly_comes_after_the_others_and_is_not_shut_out(monkeypatch):
    assert order_of("xbabcb", "b") == "xacbbb"
    assert order_of("bab", "b") == "bab"
    monkeypatch.setattr(turns, "_TURNS_OF_OTHERS", 3)
    assert order_of("xbaaaaabaaaa", "b") == "xaaabaaaaaba"


def test_who_gives_up_waiting_takes_no_turn():
    async def give_up():
        turns = Turns(1, lambda _: False)
        had = []

        async def ask(name):
            async with turns.take(name):
                had.append(name)

        async with turns.take("x"):
            waiting = [asyncio.create_task(ask(name)) for name in "abc"]
            await asyncio.sleep(0)
            waiting[0].cancel()
            await asyncio.sleep(0)
        # It is chosen already, and has not run yet.
        waiting[1].cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert had == ["c"]
        assert turns._free == 1

    asyncio.run(give_up())


def test_a_key_that_brought_torn_pictures_comes_after_other_keys(serve, monkeypatch, cutter, png, empty_png):
    server = serve(threads=1, keys=KeyRing((("bad", digest_of("bad")), ("good", digest_of("good")))))
    gate = server.app.state.service.gate
    widths, matte = [], cutter.matte
    monkeypatch.setattr(cutter, "matte", lambda picture: widths.append(picture.pixels.shape[1]) or matte(picture))

    def post(key, picture):
        sent = {"files": {"image": picture}, "headers": {"x-api-key": key}}
        return requests.post(f"{server.url}/v1/cutout", timeout=120, **sent).status_code

    assert [post("bad", png[: len(png) // 2]) for _ in range(3)] == [400] * 3
    cutter.go.clear()
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(post, "good", png)]
        wait_for(lambda: widths)
        for queued, (key, picture) in enumerate((("bad", empty_png), ("good", png), ("good", png)), 1):
            answers.append(pool.submit(post, key, picture))
            wait_for(lambda queued=queued: gate.queued == queued)
        cutter.go.set()
        assert [answer.result() for answer in answers] == [200] * 4
    assert widths == [60, 60, 60, 30]
