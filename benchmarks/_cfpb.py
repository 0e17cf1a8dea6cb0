"""A file in the CFPB's layout of 18 columns, as long as is wanted, in bounded memory: the same rows from the same seed.

Three of ten complaints have a narrative of 300 to 1,500 characters with line breaks, quotes and commas, drawn from a
pool; one in a hundred complaints tells a (made-up) telephone number, e-mail address, card number or name in it. As in
the published file the rows are in no order.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

CHUNK = 250_000  # rows made at a time
POOL = 200_000  # different narratives
TOLD, NAMED = 0.3, 0.01  # shares of complaints with a narrative, and with personal data in it
AGAIN = 0.002  # share of rows that are there twice

_PRODUCTS = [
    "Credit reporting, credit repair services, or other personal consumer reports",
    "Debt collection",
    "Mortgage",
    "Credit card or prepaid card",
    "Checking or savings account",
    "Student loan",
    "Vehicle loan or lease",
    "Money transfer, virtual currency, or money service",
    "Payday loan, title loan, or personal loan",
]
_ISSUES = [
    "Incorrect information on your report",
    "Improper use of your report",
    "Attempts to collect debt not owed",
    "Problem with a credit reporting company's investigation",
    "Written notification about debt",
    "Managing an account",
    "Trouble during payment process",
    "Struggling to pay mortgage",
    "Problem with a purchase shown on your statement",
    "Communication tactics",
    "Dealing with your lender or servicer",
    "Closing an account",
    "Fees or interest",
    "Getting a credit card",
    "False statements or representation",
    "Fraud or scam",
    "Struggling to repay your loan",
    "Took or threatened to take negative or legal action",
    "Closing on a mortgage",
    "Opening an account",
]
_STATES = [
    "AL",
    "AK",
    "AZ",
    "AR",
    "CA",
    "CO",
    "CT",
    "DE",
    "DC",
    "FL",
    "GA",
    "HI",
    "ID",
    "IL",
    "IN",
    "IA",
    "KS",
    "KY",
    "LA",
    "ME",
    "MD",
    "MA",
    "MI",
    "MN",
    "MS",
    "MO",
    "MT",
    "NE",
    "NV",
    "NH",
    "NJ",
    "NM",
    "NY",
    "NC",
    "ND",
    "OH",
    "OK",
    "OR",
    "PA",
    "RI",
    "SC",
    "SD",
    "TN",
    "TX",
    "UT",
    "VT",
    "VA",
    "WA",
    "WV",
    "WI",
    "WY",
    "PR",
]
_RESPONSES = [
    "Closed with explanation",
    "Closed with non-monetary relief",
    "In progress",
    "Closed with monetary relief",
    "Untimely response",
]
_COLUMNS = {  # header -> the values it takes, the most frequent first
    "Product": _PRODUCTS,
    "Sub-product": [f"{name} ({kind})" for name in _PRODUCTS for kind in ("general", "online", "other", "joint")],
    "Issue": _ISSUES,
    "Sub-issue": ["", *(f"{name}: {kind}" for name in _ISSUES for kind in ("first notice", "repeated", "after a call"))],
    "Consumer complaint narrative": (),
    "Company public response": ["", "Company has responded to the consumer and the CFPB and chooses not to provide a public response"],
    "Company": [f"{name} {kind} {number}" for number in range(1, 51) for name in ("NORTH", "LAKE", "UNION", "FIRST", "SUMMIT")
                for kind in ("BANK, N.A.", "FINANCIAL, INC.", "RECOVERY LLC", "SERVICING")],
    "State": _STATES,
    "ZIP code": [f"{n:03d}XX" for n in range(100, 999)],
    "Tags": ["", "", "", "", "", "Servicemember", "Older American", "Older American, Servicemember"],
    "Consumer consent provided?": ["", "Consent not provided", "Consent provided", "N/A", "Other"],
    "Submitted via": ["Web", "Referral", "Phone", "Postal mail", "Fax", "Email"],
    "Date sent to company": (),
    "Company response to consumer": _RESPONSES,
    "Timely response?": ["Yes", "Yes", "Yes", "No"],
    "Consumer disputed?": ["N/A", "No", "Yes"],
}  # fmt: skip
_SENTENCES = (
    "I am writing about an account that I never opened.",
    "They told me, and I quote, \"there is nothing we can do\", and then hung up.",
    "On XX/XX/{year} I noticed a charge of ${money} that I did not authorize.",
    "I have called the bank {count} times, sent letters, and received no answer.",
    "The balance they report is ${money}, but my statement, which I enclose, says otherwise.",
    "After {count} months of waiting, the dispute was closed without any explanation.",
    "My credit score dropped by {count} points because of this error.",
    "The representative said a supervisor would call back within {count} days; nobody did.",
    "This company keeps reporting a debt that was paid in {year}.",
    "I asked for validation of the debt, in writing, and they sent a \"summary\" instead.",
    "XXXX XXXX refused to remove the late payment, although the payment was on time.",
    "I was charged a fee of ${money} for a service I never used.",
    "Every time I log in, the website shows an error, and the payment does not go through.",
    "The account number they quoted does not match any account of mine.",
    "Please investigate this matter, correct the record, and refund the fees.",
    "They said, \"your request is being processed\", but the status never changed.",
    "I did contact the other bureau, XXXX, and they removed the item within {count} days.",
    "My name is not spelled correctly in the file, and the address is an old one.",
    "The loan was transferred to a new servicer in {year}, and the payments were lost.",
    "I enclosed copies of the police report, the affidavit, and my identity card.",
    "The interest rate changed from 4.25% to 6.75% without notice.",
    "I believe that this violates the Fair Credit Reporting Act, 15 U.S.C. 1681.",
    "It is unfair, it is stressful, and it has cost me a mortgage.",
    "We were promised a modification; the paperwork was \"lost\" three times.",
)  # fmt: skip
_PERSONAL = (
    "You can reach me at (212) 555-01{two} or 646-555-01{two}, any time.",
    "Write to jane.doe{four}@example.com, please.",
    "The card 4111 1111 1111 1111 was charged twice.",
    "My name is Margaret Holloway, and I live at {four} Maple Street.",
    "My SSN 219-09-99{two} was used by someone else.",
)


def write_csv(
    path: Path,
    rows: int,
    *,
    first: str = "2014-01-01",
    days: int = 3650,
    start: int = 1_000_000,
    seed: int = 1,
) -> None:
    """Writes the file: complaints of so many days from `first` on, in no order; their numbers begin at `start`."""
    writer = None
    for chunk in _chunks(rows, first, days, start, np.random.default_rng(seed)):
        writer = writer or pyarrow.csv.CSVWriter(path, chunk.schema)
        writer.write_table(chunk)
    writer.close()


def narratives(count: int, rng: np.random.Generator) -> pa.Array:
    """So many texts of 300 to 1,500 characters."""
    lengths = rng.integers(300, 1400, count)
    named = rng.random(count) < NAMED / TOLD
    order = rng.integers(0, len(_SENTENCES), (count, 32)).tolist()
    fill = rng.integers(1, 10_000, (count, 2)).tolist()
    return pa.array(map(_narrative, lengths.tolist(), named.tolist(), order, fill), pa.string())


def _narrative(length: int, named: bool, order: Sequence[int], fill: Sequence[int]) -> str:
    a, b = fill
    told = (
        [_PERSONAL[a % len(_PERSONAL)].format(two=f"{b % 100:02d}", four=f"{1000 + a % 9000}")]
        if named
        else []
    )
    size = 0
    for at in order:
        told.append(_SENTENCES[at])
        size += len(_SENTENCES[at])
        if size > length:
            break
    between = ("\n\n", " ", "\n")[b % 3]
    text = between.join(told) if between != " " else " ".join(told[:3]) + "\n" + " ".join(told[3:])
    return (
        text.replace("{year}", str(2008 + a % 12))
        .replace("{count}", str(2 + b % 40))
        .replace("{money}", f"{a}.{b % 100:02d}")[:1500]
    )


def _chunks(rows: int, first: str, days: int, start: int, rng: np.random.Generator) -> Iterator[pa.Table]:
    pool = narratives(min(POOL, max(rows // 10, 100)), rng)
    pools = {name: pa.array(values, pa.string()) for name, values in _COLUMNS.items() if values}
    calendar = pa.array(
        [
            f"{day.month:02d}/{day.day:02d}/{day.year}"
            for day in (np.datetime64(first) + np.arange(days + 30)).tolist()
        ]
    )
    places = rng.permutation(rows)  # of the complaints in time
    for place in np.array_split(places, range(CHUNK, rows, CHUNK)):
        count, day = len(place), place * days // rows
        columns = {"Date received": calendar.take(pa.array(day))}
        for name in _COLUMNS:
            if name in pools:
                columns[name] = pools[name].take(pa.array(often_first(len(pools[name]), count, rng)))
            elif name == "Date sent to company":
                columns[name] = calendar.take(pa.array(day + rng.integers(0, 5, count)))
            else:
                told = pa.array(rng.integers(0, len(pool), count), mask=rng.random(count) >= TOLD)
                columns[name] = pool.take(told)
        columns["Complaint ID"] = pc.cast(pa.array(start + place), pa.string())
        table, again = pa.table(columns), int(count * AGAIN)
        yield pa.concat_tables([table.slice(again, again), table.slice(again)])


def often_first(size: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """So many draws from 0 to `size` - 1, the first ones more often."""
    return (size * rng.random(count) ** 2).astype(np.int64)
