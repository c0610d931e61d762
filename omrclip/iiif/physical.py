"""The Physical Dimensions service, which gives the real size of the object in an image or a canvas.

Source: https://iiif.io/api/annex/services/#physical-dimensions.
"""

from omrclip.imaging.density import Density, single_density

CONTEXT = "http://iiif.io/api/annex/services/physdim/1/context.json"
PROFILE = "http://iiif.io/api/annex/services/physdim"
_MILLIMETRES_PER_INCH = 25.4


def physical_dimensions(density: Density | None) -> dict[str, object] | None:
    """The service as in the annex and in version 2 of the APIs. None without a single density for both axes."""
    dots = single_density(density)
    if dots is None:
        return None
    # Five digits, because files contain the density in whole dots per inch or per meter.
    scale = float(f"{_MILLIMETRES_PER_INCH / dots:.5g}")
    return {"@context": CONTEXT, "profile": PROFILE, "physicalScale": scale, "physicalUnits": "mm"}


def physical_service(of_uri: str, density: Density | None) -> dict[str, object] | None:
    """The service for version 3, in which services have identifier and type (Presentation API 3.0, section 3.2)."""
    service = physical_dimensions(density)
    return service and {"@id": f"{of_uri}#physical-dimensions", "@type": "Service", **service}
