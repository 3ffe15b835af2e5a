"""Messages of a flow cytometer for subjects of its own, each with ten observations.

Nine are stored, the tenth (double-positive cells) is ignored by the source's rule. No two messages share a
specimen, and each carries its number in its values, so that a stored value tells which message it is from.
"""

import datetime

STORED = 9
OBSERVATIONS = 10
FIRST_DRAW = datetime.date(2023, 7, 1)
DAYS = 900


def mrn(subject):
    return f"0099{subject:04d}"


def subjects_csv(count):
    lines = ["study,site,screening_no,subject_no,identifiers,sex,birth_date,child_bearing,consent_date,"
             "screening_from,first_infusion,second_infusion,third_infusion,randomised_at,withdrawn_at,"
             "screen_failed_at,art_start,regimen_changed"]
    for subject in range(1, count + 1):
        lines.append(f"NCT05872659,QILU,SCR-9{subject:02d},S-9{subject:02d},QILU-MRN:{mrn(subject)},M,"
                     f"1980-01-{subject:02d},,2023-05-10,,2023-05-28T10:30,,,2023-05-25,,,2018-01-01,")
    return "\n".join(lines) + "\n"


def cd4(number):
    return 200 + number % 700


def message(number, subject, control_id=None, sent_at=None):
    """The message of specimen `number`, a draw of `subject`."""
    day = FIRST_DRAW + datetime.timedelta(days=number % DAYS)
    drawn = f"{day:%Y%m%d}0{7 + number // DAYS % 2}{number % 60:02d}00"
    measured = f"{day:%Y%m%d}122500"
    reported = f"{day:%Y%m%d}130800"
    specimen = f"P9{number:08d}"
    # The study's checks are for what bodies do: the subsets add up to 1700 T cells of 2000 lymphocytes.
    cd8 = 1700 - cd4(number)
    values = [("CD45+", "1", 2000 + number % 1000, "cells/uL"), ("CD3+", "1", 1700, "cells/uL"),
              ("CD3+", "2", "85.0", "%"), ("CD3+CD4+", "1", cd4(number), "cells/uL"),
              ("CD3+CD4+", "2", f"{cd4(number) / 20:.1f}", "%"), ("CD3+CD8+", "1", cd8, "cells/uL"),
              ("CD3+CD8+", "2", f"{cd8 / 20:.1f}", "%"), ("4/8 Ratio", "", f"{cd4(number) / cd8:.2f}", ""),
              ("CD45+", "2", "98.5", "%"), ("CD3+CD4+CD8+", "", 18, "cells/uL")]
    lines = [f"MSH|^~\\&|FACSLYRIC|QILU-FLOW|LABRELAY|QILU|{sent_at or reported}||ORU^R01^ORU_R01|"
             f"{control_id or f'KT{number:08d}'}|P|2.5",
             f"PID|1||{mrn(subject)}^^^QILU^MR||||198001{subject:02d}|M",
             f"OBR|1|{specimen}|{specimen}|TBNK^T subset^99BD|||{drawn}|||||||||||||||{reported}|||F"]
    for ordinal, (code, sub_id, value, unit) in enumerate(values, 1):
        lines.append(f"OBX|{ordinal}|NM|{code}^^99BD|{sub_id}|{value}|{unit}|||||F|||||FLOW01||LYRIC^BD|"
                     f"{measured}")
    lines.append(f"SPM|1|{specimen}||WB^Whole blood^HL70487|||||||P")
    return ("\r".join(lines) + "\r").encode()
