"""What a release says of its membership sketch: in the manifest, on the card. The sketch itself is asked in
`analysis.membership`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from beam_jobs.schema.membership import never_denied


class MembershipSketch(BaseModel):
    """A sketch of `tiles` tiles of `tile_tokens` tokens each, `bytes` large, of `text_bytes` of kept text, and which
    share of other tiles it affirms."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    tile_tokens: Annotated[int, Field(ge=1)]
    tiles: Annotated[int, Field(ge=0)]
    text_bytes: Annotated[int, Field(ge=0)]
    bytes: Annotated[int, Field(ge=1)]
    false_positive_rate: Annotated[float, Field(ge=0, le=1)]

    @property
    def never_denied_tokens(self) -> int:
        """Tokens in a row of a kept text that are never denied."""
        return never_denied(self.tile_tokens)

    @property
    def share(self) -> float | None:
        """Its size by that of the text; None without text."""
        return self.bytes / self.text_bytes if self.text_bytes else None
