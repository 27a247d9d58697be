from datetime import timedelta

from tests.kit.service import ELSEWHERE, SCOPE

from demitasse.clock import ManualClock
from demitasse.ids import RandomIds
from demitasse.services.ecr import records
from demitasse.store import Store


def test_a_login_leads_to_the_account_and_region_it_was_made_for():
    store, now = Store.open(None), ManualClock().now()
    with store.transaction() as tx:
        here = records.authorization_token(tx, SCOPE, now, RandomIds())
        there = records.authorization_token(tx, ELSEWHERE, now, RandomIds())
        assert here[0] == "AWS"
        end = now + timedelta(hours=12)
        assert records.find_token(tx, *here) == (SCOPE, end)
        assert records.find_token(tx, *there) == (ELSEWHERE, end)


def test_a_login_that_has_ended_is_still_known_for_its_error():
    store, now = Store.open(None), ManualClock().now()
    with store.transaction() as tx:
        login = records.authorization_token(tx, SCOPE, now, RandomIds())
        end = now + timedelta(hours=12)
        records.forget_expired(tx, end)
        assert records.find_token(tx, *login) == (SCOPE, end)
        records.forget_expired(tx, end + timedelta(seconds=1))
        assert records.find_token(tx, *login) is None


def test_wrong_logins_lead_nowhere():
    store, now = Store.open(None), ManualClock().now()
    with store.transaction() as tx:
        user, password = records.authorization_token(tx, SCOPE, now, RandomIds())
        moved = password.replace(password.partition(".")[0], "MDAwMDAwMDAwMDAwL2V1LXdlc3QtMw==")
        for wrong in ("", ".", "é", "AAA.x", "%%%", password[:-1], password + "x", moved):
            assert records.find_token(tx, user, wrong) is None, wrong
        assert records.find_token(tx, "root", password) is None


def test_the_password_itself_is_not_kept():
    store, now = Store.open(None), ManualClock().now()
    with store.transaction() as tx:
        _, password = records.authorization_token(tx, SCOPE, now, RandomIds())
        kept = str(tx.execute("SELECT * FROM record"))
        assert password not in kept
        assert password.partition(".")[2] not in kept
