"""How people type a phone number into a CRM: never twice in the same way."""


def russian(phone: str, style: int) -> str:
    """+7XXXXXXXXXX in one of five spellings."""
    digits = phone.removeprefix("+7")
    code, first, second, third = digits[:3], digits[3:6], digits[6:8], digits[8:]
    spellings = (
        f"+7 {code} {first}-{second}-{third}",
        f"8 ({code}) {first}-{second}-{third}",
        f"7{digits}",
        f"8-{code}-{first}-{second}-{third}",
        f"+7({code}){first}{second}{third}",
    )
    return spellings[style % len(spellings)]


# The clients of sandbox/people.py, each as it stands in the CRM.
IVAN_MOBILE, IVAN_AGAIN = "+7 961 951-00-00", "8 (961) 951-00-00"
OLEG_EXTENSION = "8 (924) 123-45-67 доб. 12"
MARIA_MOBILE = "8 912 345 67 89"
OFFICE, ORDERS = "+7 (495) 123-45-67", "+7 926 111-22-33"
AIGERIM, PAVEL, OKSANA, RUSTAM = "8 701 234 56 78", "+375 (29) 123-45-67", "+38 067 123 45 67", "+998 90 123-45-67"
ANNA, JAMES, EMILY = "+49 151 12345678", "+44 7911 123456", "+1 (212) 555-0123"
JOAO, PRIYA = "+55 31 98888-7777", "+91 98765 43210"
FAX, INVALID = "+7 4162 55-55-55", "12-34-5"
# What imports, masks and hurried people leave in a field: digits that are also a number in Vietnam,
# nothing, two numbers of which the second is only hinted at, a remark.
TWO_WAYS, SPACES, EMPTY_MASK = "84912345678", "   ", "+7 (___) ___-__-__"
WITHOUT_A_CODE = "916 555-01-42"  # of an American: in Russia it is a mobile
HINTED, REMARK = "8 (495) 123-45-67/68", "8 916 765-43-21 (звонить после 18)"
MARKUP = "<img src=x onerror=alert(1)>"
