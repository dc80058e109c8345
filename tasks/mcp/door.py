"""Answers the requests of MCP clients: tools, resources, prompts.

1. A client is told apart by its connection (stdio), by the session that the handshake gave it
   (HTTP), or by the notebook that its URL names: `/mcp?notebook=NAME`.
2. Revisions of the protocol from 2026 on know no sessions over HTTP. A client that speaks one and
   names no notebook is told which revisions have them, and official clients then shake hands.
3. A target is not safe between threads: one worker thread runs all calls, one after the other, and
   the event loop stays free. A client that leaves or cancels takes its waiting calls with it; one
   that already runs ends at its next forward pass.
"""

import asyncio
import base64
import mimetypes
import sys
import threading
import traceback
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio
import mcp_types as types
from anyio.to_thread import run_sync
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS

from ...tools.cancellation import Stopped, stoppable
from ...tools.errors import UsageError, nearest
from ...tools.evidence import Evidence
from ...tools.registry import call
from .resources import Resources
from .shared import Notebook, Shared
from .wording import arguments, instructions, investigate_unit

Context = ServerRequestContext[Any, Any]
MOST_NOTEBOOKS = 64
"""The one that was used longest ago goes first."""
_TICK = 2.0  # seconds between reports of progress


class Door:
    """One server's handlers."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._notebooks: OrderedDict[tuple[str, str], Notebook] = OrderedDict()
        self._resources = Resources(shared)
        self._worker = ThreadPoolExecutor(1, "neuroscribe-tools")
        self.server: Server[Any] = Server(
            "neuroscribe",
            version=version("neuroscribe"),
            title="neuroscribe",
            instructions=instructions(shared),
            get_tool_input_schema=self._input_schema,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_resources=self._list_resources,
            on_list_resource_templates=self._list_templates,
            on_read_resource=self._read_resource,
            on_list_prompts=self._list_prompts,
            on_get_prompt=self._get_prompt,
        )
        self.server.middleware.append(_with_a_name)
        example = shared.notebook()
        self._offered = shared.tools(example.lab)
        example.pictures.cleanup()

    def close(self) -> None:
        """Gives up what waits, and removes the pictures of all clients."""
        self._worker.shutdown(wait=False, cancel_futures=True)
        for notebook in self._notebooks.values():
            notebook.pictures.cleanup()

    def _notebook(self, context: Context) -> Notebook:
        """The notebook of the client that asks."""
        key = _client(context)
        if key not in self._notebooks:
            self._notebooks[key] = self._shared.notebook()
        self._notebooks.move_to_end(key)
        while len(self._notebooks) > MOST_NOTEBOOKS:
            self._notebooks.popitem(last=False)
        return self._notebooks[key]

    # ---- tools

    def _input_schema(self, name: str) -> Mapping[str, Any] | None:
        item = self._offered.get(name)
        return None if item is None else item.schema["function"]["parameters"]

    async def _list_tools(
        self, context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        functions = [item.schema["function"] for item in self._offered.values()]
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=function["name"],
                    description=function["description"],
                    input_schema=function["parameters"],
                    annotations=types.ToolAnnotations(read_only_hint=True),
                )
                for function in functions
            ]
        )

    async def _call_tool(
        self, context: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        if params.name not in self._offered:
            close = nearest(params.name, self._offered)
            return _failed(f"there is no tool '{params.name}'; nearest: {close}")
        notebook, left = self._notebook(context), threading.Event()
        call_arguments = params.arguments or {}
        running = self._worker.submit(_called, notebook, params.name, call_arguments, left.is_set)
        try:
            async with _progress(context, params.name):
                return await asyncio.wrap_future(running)
        finally:
            left.set()

    # ---- resources

    async def _list_resources(
        self, context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        return types.ListResourcesResult(resources=self._resources.listed())

    async def _list_templates(
        self, context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        return types.ListResourceTemplatesResult(resource_templates=self._resources.templates())

    async def _read_resource(
        self, context: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        lab = self._notebook(context).lab
        try:
            resource = await run_sync(self._resources.read, lab, params.uri)
        except UsageError as error:
            raise _refused(error) from error
        content = types.TextResourceContents(
            uri=params.uri, mime_type=resource.kind, text=resource.text
        )
        return types.ReadResourceResult(contents=[content])

    # ---- prompts

    async def _list_prompts(
        self, context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListPromptsResult:
        prompt = types.Prompt(
            name="investigate_unit",
            description="Find out what a unit responds to, and label it with cited evidence.",
            arguments=arguments(self._shared),
        )
        return types.ListPromptsResult(prompts=[prompt])

    async def _get_prompt(
        self, context: Context, params: types.GetPromptRequestParams
    ) -> types.GetPromptResult:
        if params.name != "investigate_unit":
            raise _refused(f"there is no prompt '{params.name}'; the prompt is investigate_unit")
        try:
            text = investigate_unit(self._shared, (params.arguments or {}).get("unit"))
        except UsageError as error:
            raise _refused(error) from error
        message = types.PromptMessage(role="user", content=types.TextContent(text=text))
        return types.GetPromptResult(messages=[message])


def _client(context: Context) -> tuple[str, str]:
    """Who asks: see the module's first line."""
    if context.request is None:
        return ("stdio", "")
    named = context.request.query_params.get("notebook")
    if named:
        return ("notebook", named)
    return ("session", context.request.headers.get("mcp-session-id", ""))


@asynccontextmanager
async def _progress(context: Context, name: str) -> AsyncIterator[None]:
    """Tells a client that asked for progress how long its call has waited or run."""

    async def report() -> None:
        started = anyio.current_time()
        while True:
            seconds = anyio.current_time() - started
            await context.session.report_progress(seconds, None, f"{name}: {seconds:.0f} s")
            await anyio.sleep(_TICK)

    async with anyio.create_task_group() as beside:
        beside.start_soon(report)
        yield
        beside.cancel_scope.cancel()


async def _with_a_name(ctx: Context, call_next: CallNext) -> HandlerResult:
    """Refuses requests that belong to no client: revisions without sessions, without a notebook."""
    if ctx.protocol_version in MODERN_PROTOCOL_VERSIONS and _client(ctx) == ("session", ""):
        raise MCPError(
            types.UNSUPPORTED_PROTOCOL_VERSION,
            f"{ctx.protocol_version} has no sessions: shake hands with an earlier revision, "
            "or name a notebook in the URL, /mcp?notebook=NAME",
            {
                "supported": list(HANDSHAKE_PROTOCOL_VERSIONS),
                "requested": ctx.protocol_version,
            },
        )
    return await call_next(ctx)


def _called(
    notebook: Notebook, name: str, call_arguments: Mapping[str, Any], left: Callable[[], bool]
) -> types.CallToolResult:
    """Runs a tool, until its client has `left`; whatever goes wrong is a line of the result."""
    try:
        with stoppable(left):
            evidence = call(notebook.lab, name, call_arguments)
        if evidence.error is not None:
            return _failed(f"[{evidence.id}] {name}: {evidence.error}")
        return types.CallToolResult(content=_content(evidence))
    except Stopped:
        return _failed(f"{name} was cancelled")
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        return _failed(f"{name} failed: {type(error).__name__}: {error}")


def _content(evidence: Evidence) -> list[types.ContentBlock]:
    """The result as a planner gets it: its text with its id, its pictures, where the rest is."""
    parts: list[types.ContentBlock] = [types.TextContent(text=f"[{evidence.id}] {evidence.text}")]
    for path in evidence.images:
        data = base64.b64encode(Path(path).read_bytes()).decode()
        kind = mimetypes.guess_type(path)[0] or "image/png"
        parts.append(types.ImageContent(data=data, mime_type=kind))
    uri = f"neuroscribe://evidence/{quote(evidence.id)}"
    parts.append(types.ResourceLink(uri=uri, name=evidence.id, mime_type="application/json"))
    return parts


def _failed(text: str) -> types.CallToolResult:
    content: list[types.ContentBlock] = [types.TextContent(text=" ".join(text.split()))]
    return types.CallToolResult(content=content, is_error=True)


def _refused(error: object) -> MCPError:
    return MCPError(types.INVALID_PARAMS, " ".join(str(error).split()))
