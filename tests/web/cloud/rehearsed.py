"""A form in the text markup, and its sheets as people fill them in, for programs that go from text to answers."""

import cv2
import numpy as np

from omrclip.omr.authoring.rehearsal import RehearsedSheet, rehearse
from omrclip.schemas.template import load_template

MARKUP = b"""?text=Course evaluation
\tfont_size=20
\tfont_style=bold
\talign=center
?container=head
\tcolumns_proportions=45%-55%
?block=Participant
\tcolumn=1
\tborder=square
\tis_clipped=true
?content=Name:
?empty_line=
\theight=150
&block
?block=Number
\tcolumn=2
?grid=ParticipantID
\tsections_count=6
&block
&container
#How was the room?
\t() Good () Fair () Poor
#Would you come again?
\t(Yes) yes (No) no
?answer_sheet=Q
\telements_count=20
\tcolumns_count=4
\tanswers_count=5
"""
CLIP = "Participant"


def filled(form: bytes, page: bytes, seed: int) -> RehearsedSheet:
    """A scan (even seeds) or a photo of a filled sheet of a generated form, which is printed from its image."""
    blank = cv2.imdecode(np.frombuffer(page, np.uint8), cv2.IMREAD_COLOR)
    assert blank is not None
    return rehearse(load_template(form).pages[0], np.asarray(blank, np.uint8), seed)
