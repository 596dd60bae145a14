"""The service's error codes, with the HTTP status and wording of each, as documented.

A `Refusal` is either raised at once (the flat error body) or kept and told later, inside the
output of a FAILED task. This room refuses to know which checks lead to which.
"""

from __future__ import annotations

from collections.abc import Mapping


class Refusal(Exception):
    """The service will not do this: HTTP `status`, `code`, `message`."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message

    @classmethod
    def of(cls, code: str, message: str = "") -> Refusal:
        """A documented code with its status, and its usual message unless one is given."""
        status, usual = CODES.get(code, (400, "The request was refused."))
        return cls(status, code, message or usual)

    @classmethod
    def invalid(cls, where: str, must: str) -> Refusal:
        """A field of a request that is not as it must be."""
        return cls.of("InvalidParameter", f"Required parameter({where}) missing or invalid: {must}")


_ARREARS = "Access denied, please make sure your account is in good standing."
_SLOW_DOWN = "Requests rate limit exceeded, please try again later."
_QUOTA = "Allocated quota exceeded, please increase your quota limit."
_UNSUITABLE = "Input data may contain inappropriate content."
_BUSY = "Requests throttling triggered."

CODES: Mapping[str, tuple[int, str]] = {
    "InvalidParameter": (400, "Required parameter missing or invalid."),
    "invalid_parameter_error": (400, "The oss:// link cannot be resolved."),
    "InvalidParameter.DataInspection": (
        400,
        "Unable to download the media resource during the data inspection process.",
    ),
    "DataInspectionFailed": (400, _UNSUITABLE),
    "IPInfringementSuspect": (400, "Input data is suspected of being involved in IP infringement."),
    "CustomRoleBlocked": (400, "Input or output blocked by a custom rule."),
    "InvalidURL": (400, "Required URL is missing or invalid, please check the request."),
    "InvalidURL.ConnectionRefused": (400, "Connection to the media host was refused."),
    "InvalidURL.Timeout": (400, "Download of the media resource timed out."),
    "InvalidFile.Size": (400, "The size of the file is outside the limits."),
    "InvalidFile.Duration": (400, "The duration of the file is outside the limits."),
    "InvalidFile.Resolution": (400, "The resolution of the file is outside the limits."),
    "InvalidFile.Format": (400, "The format of the file is not supported."),
    "InvalidFile.AspectRatio": (400, "The aspect ratio of the file is outside the limits."),
    "InvalidFile.FPS": (400, "The frame rate of the file is outside the limits."),
    "InvalidFile.Openerror": (400, "The file cannot be opened."),
    "InvalidImage.FileFormat": (400, "The image format is not supported."),
    "InvalidImageResolution": (400, "The image resolution is outside the limits."),
    "BadRequest.EmptyInput": (400, "Required input parameter missing from request."),
    "BadRequest.EmptyParameters": (400, "Required parameter `parameters` missing from request."),
    "BadRequest.EmptyModel": (400, "Required parameter `model` missing from request."),
    "BadRequest.IllegalInput": (400, "The input is illegal."),
    "BadRequest.InputDownloadFailed": (400, "Failed to download the input."),
    "BadRequest.TooLarge": (400, "Payload too large."),
    "BadRequest.UnsupportedFileFormat": (400, "The file format is not supported."),
    "Arrearage": (400, _ARREARS),
    "UnsupportedOperation": (400, "The operation is unsupported."),
    "InvalidApiKey": (401, "Invalid API-key provided."),
    "NOT AUTHORIZED": (401, "Access denied: workspace not authorized."),
    "AccessDenied": (403, "Access denied."),
    "AccessDenied.Unpurchased": (403, "Access to model denied: not purchased."),
    "Model.AccessDenied": (403, "Model access denied."),
    "Workspace.AccessDenied": (403, "Workspace access denied."),
    "Endpoint.AccessDenied": (403, "Endpoint access denied."),
    "AllocationQuota.FreeTierOnly": (403, "The free tier of the model has been exhausted."),
    "ModelNotFound": (404, "Model not exist."),
    "WorkSpaceNotFound": (404, "WorkSpace can not be found."),
    "NotFound": (404, "Not found!"),
    "Throttling": (429, _BUSY),
    "Throttling.RateQuota": (429, _SLOW_DOWN),
    "LimitRequests": (429, "You have exceeded your request limit."),
    "Throttling.BurstRate": (429, "Request rate increased too quickly."),
    "Throttling.Concurrency": (429, "Too many concurrent requests."),
    "Throttling.AllocationQuota": (429, _QUOTA),
    "CommodityNotPurchased": (429, "Commodity has not been purchased yet."),
    "PrepaidBillOverdue": (429, "The prepaid bill is overdue."),
    "PostpaidBillOverdue": (429, "The postpaid bill is overdue."),
    "InternalError": (500, "An internal error has occurred, please try again later."),
    "InternalError.Algo": (500, "An internal error of the algorithm has occurred."),
    "InternalError.Upload": (500, "Failed to upload the result."),
    "InternalError.FileUpload": (500, "Failed to upload the result."),
    "InternalError.Timeout": (500, "The task timed out."),
    "SystemError": (500, "A system error has occurred, please try again later."),
    "ModelServiceFailed": (500, "Failed to request the model service."),
    "RewriteFailed": (500, "The prompt could not be rewritten."),
    "RequestTimeOut": (500, "Request timed out, please try again later."),
    "ModelServingError": (503, "The model service is not available, please try again later."),
    "ModelUnavailable": (503, "The model is not available for now, please try again later."),
}
