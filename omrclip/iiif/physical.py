"""The Physical Dimensions service: how large what an image or a canvas shows is.

Source: https://iiif.io/api/annex/services/#physical-dimensions.
"""

from omrclip.imaging.density import Density, single_density

CONTEXT = "http://iiif.io/api/annex/services/physdim/1/context.json"
PROFILE = "http://iiif.io/api/annex/services/physdim"
_MILLIMETRES_PER_INCH = 25.4


def physical_dimensions(density: Density | None) -> dict[str, object] | None:
    """The service as the annex has it, and version 2 of the APIs; None without a density, or one for each axis."""
    dots = single_density(density)
    if dots is None:
        return None
    # Five digits: a file tells its density in whole dots, to an inch or to a metre.
    scale = float(f"{_MILLIMETRES_PER_INCH / dots:.5g}")
    return {"@context": CONTEXT, "profile": PROFILE, "physicalScale": scale, "physicalUnits": "mm"}


def physical_service(of_uri: str, density: Density | None) -> dict[str, object] | None:
    """The same for version 3, where a service has an identifier and a type (Presentation API 3.0, section 3.2)."""
    service = physical_dimensions(density)
    return service and {"@id": f"{of_uri}#physical-dimensions", "@type": "Service", **service}
