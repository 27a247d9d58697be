"""The wire protocols: how an input is read, an output and an error written, per service.

A further protocol is a further class here or in a module of its own, entered in ``PROTOCOLS``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from demitasse.wire import cbor, parse_cbor, parse_json, parse_query, serialise_json
from demitasse.wire.faults import Fault
from demitasse.wire.parse_json import JsonParsers
from demitasse.wire.parse_query import QueryParsers
from demitasse.wire.request import Request
from demitasse.wire.serialise_json import JsonWriters
from demitasse.wire.serialise_xml import XmlWriters, escape
from demitasse.wire.shapes import OperationModel, ServiceModel


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer but for the headers that all answers have."""

    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


Read = Callable[[Request], dict[str, Any]]
"""Reads an input, types checked. Raises ``Malformed``."""
Write = Callable[[dict[str, Any], str], Answer]
"""Writes an output under a request id. Raises ``OutputMismatch``."""


class WireProtocol(Protocol):
    """A protocol, as one service speaks it; with no model it can only write errors."""

    name: str

    def reader(self, operation: OperationModel) -> Read:
        """Compiles the reader of an operation's input."""

    def writer(self, operation: OperationModel) -> Write:
        """Compiles the writer of an operation's output."""

    def error(self, fault: Fault, request_id: str) -> Answer:
        """Writes an error."""


class QueryProtocol:
    """AWS Query."""

    name = "query"

    def __init__(self, model: ServiceModel | None) -> None:
        self._model = model
        self._namespace = (model.metadata.xml_namespace or "") if model else ""
        self._parsers = QueryParsers(model, ec2=self.name == "ec2") if model else None
        self._writers = XmlWriters(model) if model else None

    def reader(self, operation: OperationModel) -> Read:
        if operation.input is None or self._parsers is None:
            return _nothing
        parse = self._parsers.input(operation.input.shape)
        return lambda request: parse(parse_query.tree(request.form))

    def writer(self, operation: OperationModel) -> Write:
        write = self._inside(operation)
        wrapper = operation.output and (
            operation.output.result_wrapper or f"{operation.name}Result"
        )
        head = f'<{operation.name}Response xmlns="{self._namespace}">'
        head += f"<{wrapper}>" if wrapper else ""
        foot = f"</{wrapper}>" if wrapper else ""
        foot += "<ResponseMetadata><RequestId>"
        end = f"</RequestId></ResponseMetadata></{operation.name}Response>"

        def answer(output: dict[str, Any], request_id: str) -> Answer:
            parts = [head]
            write(output, parts)
            parts += (foot, request_id, end)
            return Answer(200, "text/xml", "".join(parts).encode())

        return answer

    def error(self, fault: Fault, request_id: str) -> Answer:
        kind = "Receiver" if fault.receiver else "Sender"
        namespace = f' xmlns="{self._namespace}"' if self._namespace else ""
        text = (
            f"<ErrorResponse{namespace}><Error><Type>{kind}</Type>{self._described(fault)}</Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return Answer(fault.status, "text/xml", text.encode())

    def _described(self, fault: Fault) -> str:
        parts = [f"<Code>{escape(fault.code)}</Code><Message>{escape(fault.message)}</Message>"]
        if fault.members and fault.shape and self._writers:
            self._writers.output(fault.shape)(fault.members, parts)
        return "".join(parts)

    def _inside(self, operation: OperationModel) -> Callable[[Any, list[str]], None]:
        if operation.output is None or self._writers is None:
            return lambda _output, _parts: None
        return self._writers.output(operation.output.shape)


class Ec2Protocol(QueryProtocol):
    """EC2 Query."""

    name = "ec2"

    def writer(self, operation: OperationModel) -> Write:
        write = self._inside(operation)
        namespace = self._namespace.rstrip("/")
        head = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<{operation.name}Response xmlns="{namespace}/"><requestId>'
        )
        end = f"</{operation.name}Response>"

        def answer(output: dict[str, Any], request_id: str) -> Answer:
            parts = [head, request_id, "</requestId>"]
            write(output, parts)
            parts.append(end)
            return Answer(200, "text/xml;charset=UTF-8", "".join(parts).encode())

        return answer

    def error(self, fault: Fault, request_id: str) -> Answer:
        text = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Response><Errors><Error>{self._described(fault)}</Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
        return Answer(fault.status, "text/xml;charset=UTF-8", text.encode())


class JsonProtocol:
    """AWS JSON 1.0 and 1.1, also as former query services speak it (``awsQueryCompatible``)."""

    name = "json"

    def __init__(self, model: ServiceModel | None) -> None:
        version = (model.metadata.json_version if model else None) or "1.1"
        self._model = model
        self._content_type = f"application/x-amz-json-{version}"
        self._headers: tuple[tuple[bytes, bytes], ...] = ()
        self._document: Callable[[bytes], dict[str, Any]] = parse_json.document
        self._encode: Callable[[Any], bytes] = serialise_json.encode
        self._query_compatible = bool(model and model.metadata.aws_query_compatible is not None)
        self._parsers = JsonParsers(model) if model else None
        self._writers = JsonWriters(model) if model else None

    def reader(self, operation: OperationModel) -> Read:
        if operation.input is None or self._parsers is None:
            return _nothing
        parse, document = self._parsers.input(operation.input.shape), self._document
        return lambda request: parse(document(request.body))

    def writer(self, operation: OperationModel) -> Write:
        content_type, headers, encode = self._content_type, self._headers, self._encode
        if operation.output is None or self._writers is None:
            return lambda _output, _request_id: Answer(200, content_type, b"", headers)
        write = self._writers.output(operation.output.shape)
        return lambda output, _request_id: Answer(200, content_type, encode(write(output)), headers)

    def error(self, fault: Fault, request_id: str) -> Answer:  # noqa: ARG002  it is in the header
        message_name = "message"
        body: dict[str, Any] = {}
        if fault.shape and self._model and self._writers:
            body = self._writers.output(fault.shape)(fault.members)
            if "Message" in self._model.shapes[fault.shape].members:
                message_name = "Message"
        body["__type"] = (fault.shape if self._query_compatible else None) or fault.code
        body[message_name] = fault.message
        headers = self._headers
        if self._query_compatible:
            kind = "Receiver" if fault.receiver else "Sender"
            headers += ((b"x-amzn-query-error", f"{fault.code};{kind}".encode()),)
        if self._model is None:  # clients of REST services look for the code here
            headers += ((b"x-amzn-errortype", fault.code.encode()),)
        return Answer(fault.status, self._content_type, self._encode(body), headers)


class CborProtocol(JsonProtocol):
    """Smithy RPC v2 with CBOR: the same documents in another notation."""

    name = "smithy-rpc-v2-cbor"

    def __init__(self, model: ServiceModel | None) -> None:
        super().__init__(model)
        self._content_type = "application/cbor"
        self._headers = ((b"smithy-protocol", b"rpc-v2-cbor"),)
        self._document = parse_cbor.document
        self._encode = cbor.encode
        self._parsers = JsonParsers(model, parse_cbor.SCALARS) if model else None
        self._writers = JsonWriters(model, parse_cbor.WRITERS) if model else None


def _nothing(_request: Request) -> dict[str, Any]:
    return {}


PROTOCOLS: Mapping[str, Callable[[ServiceModel | None], WireProtocol]] = {
    "query": QueryProtocol,
    "ec2": Ec2Protocol,
    "json": JsonProtocol,
    "smithy-rpc-v2-cbor": CborProtocol,
}
"""Constructors by botocore's protocol name."""
