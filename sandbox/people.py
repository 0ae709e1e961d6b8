"""The clients of the sandbox: which numbers exist, who has WhatsApp, and what chats there are.

The portal writes these numbers into its CRM as people type them, the gateway answers for them. All
are made up; they lie in real ranges so that region, operator and zone come out as they would.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class KnownNumber:
    """One number as WhatsApp knows it. `chat` is how many messages the default line has with it."""

    phone: str  # E.164
    name: str
    on_whatsapp: bool = True
    chat: int = 0
    lid: str = ""  # the chat is stored under this id and not under the phone
    canonical: str = ""  # WhatsApp's own spelling of the number where it differs
    line: str = "sales"  # the gateway session that has the chat


# The everyday deal: six rows, one of them typed in two ways on two people.
IVAN = KnownNumber("+79619510000", "Иван Петров", chat=340)  # Amur region, Beeline
MARIA = KnownNumber("+79123456789", "Мария Соколова", on_whatsapp=False)  # Orenburg region, MTS
OLEG = KnownNumber("+79241234567", "Олег Ким", chat=3, line="support")  # Primorye, MegaFon; typed with an extension
OFFICE_MOSCOW = KnownNumber("+74951234567", "ООО «Окна Амура», офис")  # landline that holds WhatsApp Business
ORDERS_MOSCOW = KnownNumber("+79261112233", "ООО «Окна Амура», заказы")  # Moscow, MegaFon; no chat yet

# A lead from Kazakhstan, a quote from Minsk and Kyiv, an invoice from Tashkent.
AIGERIM = KnownNumber("+77012345678", "Айгерим Нурланова")
PAVEL = KnownNumber("+375291234567", "Павел Новик", chat=12)
OKSANA = KnownNumber("+380671234567", "Оксана Коваль")
RUSTAM = KnownNumber("+998901234567", "Рустам Каримов", chat=8, lid="187234509871234@lid")

# A smart process with clients all over the world.
ANNA = KnownNumber("+4915112345678", "Anna Schäfer", chat=45)
JAMES = KnownNumber("+447911123456", "James O'Neill")
EMILY = KnownNumber("+12125550123", "Emily Carter", on_whatsapp=False)
JOAO = KnownNumber("+5531988887777", "João Silva", canonical="553188887777@c.us")  # the ninth digit is not in his id
PRIYA = KnownNumber("+919876543210", "Priya Sharma")

# Known to the gateway by a LID alone: no number leads here.
HIDDEN = KnownNumber("", "Клиент без номера", chat=4, lid="99887766554433@lid")

# The long deal: 25 numbers, of which 10 are shown. The block of the third, 991, has no region, and
# so it has no time.
CROWD_CODES = "901 903 991 909 910 911 913 914 915 916 917 918 919 920 921 922 923 925 927 928 929 931 937 951 965"
CROWD = tuple(
    KnownNumber(f"+7{code}{5550100 + n}", f"Участник тендера {n + 1}", on_whatsapp=n % 4 != 3, chat=2 if n == 8 else 0)
    for n, code in enumerate(CROWD_CODES.split(" "))
)

CLIENTS = (
    *(IVAN, MARIA, OLEG, OFFICE_MOSCOW, ORDERS_MOSCOW, AIGERIM, PAVEL, OKSANA, RUSTAM),
    *(ANNA, JAMES, EMILY, JOAO, PRIYA, HIDDEN),
    *CROWD,
)

# Who also writes to the third protocol's line: one with a picture among the messages, one under a
# LID.
ON_GREEN = (replace(OKSANA, chat=40, line="1101000001"), replace(RUSTAM, chat=8, line="1101000001"))

# Lines of the simulated gateway by what each protocol calls them: sessions, instances, ids. The
# states are those of gateway/lines.py; each protocol says them in its own words. `archive` waits
# for its QR to be scanned.
SESSIONS = {"sales": "WORKING", "support": "WORKING", "archive": "SCAN_QR_CODE"}
INSTANCES = {"branch": "WORKING"}
GREEN_IDS = {"1101000001": "WORKING"}
API_KEY = "sandbox-gateway-key"  # every line of the simulated gateway takes it, in each protocol's own place
