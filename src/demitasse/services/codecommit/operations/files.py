"""Files and folders as they are in a commit."""

from __future__ import annotations

from typing import Any

from demitasse.api import Input, Output
from demitasse.errors import ServiceError
from demitasse.services.base import WaitingContext
from demitasse.services.codecommit.operations.api import api, check_name
from demitasse.services.codecommit.repository_view import (
    FOLDER,
    MODE_NAMES,
    SUBMODULE,
    SYMLINK,
    checked_path,
    look,
    shown_path,
)


@api.waiting_operation("GetFile")
async def get_file(context: WaitingContext, given: Input) -> Output:
    """A file with its content, of the default branch unless another commit is named."""
    view = look(context, check_name(given["repositoryName"]))
    path = checked_path(given["filePath"])
    commit_id = await view.resolve(given.get("commitSpecifier"))
    entry = await view.file(commit_id, path)
    content = await view.content(entry.id, "FileDoesNotExistException")
    return {
        "commitId": commit_id,
        "blobId": entry.id,
        "filePath": path,
        "fileMode": MODE_NAMES[entry.mode],
        "fileSize": len(content),
        "fileContent": content,
    }


@api.waiting_operation("GetFolder")
async def get_folder(context: WaitingContext, given: Input) -> Output:
    """What a folder holds; "/" is the root."""
    view = look(context, check_name(given["repositoryName"]))
    path = checked_path(given["folderPath"], root=True)
    commit_id = await view.resolve(given.get("commitSpecifier"))
    folder = await view.git.folder(view.id, commit_id, path)
    if folder is None:
        raise ServiceError("FolderDoesNotExistException", f"{path} does not exist")
    held: dict[str, list[dict[str, Any]]] = {
        "subFolders": [],
        "files": [],
        "symbolicLinks": [],
        "subModules": [],
    }
    for entry in folder.entries:
        where = {
            "absolutePath": shown_path(entry.path),
            "relativePath": shown_path(entry.path.removeprefix(path).lstrip("/")),
        }
        if entry.mode == FOLDER:
            held["subFolders"].append({"treeId": entry.id, **where})
        elif entry.mode == SUBMODULE:
            held["subModules"].append({"commitId": entry.id, **where})
        elif entry.mode == SYMLINK:
            held["symbolicLinks"].append({"blobId": entry.id, "fileMode": "SYMLINK", **where})
        else:
            mode = MODE_NAMES.get(entry.mode, "NORMAL")
            held["files"].append({"blobId": entry.id, "fileMode": mode, **where})
    return {"commitId": commit_id, "folderPath": path, "treeId": folder.id, **held}


@api.waiting_operation("GetBlob")
async def get_blob(context: WaitingContext, given: Input) -> Output:
    """The content of a file by its own id."""
    view = look(context, check_name(given["repositoryName"]))
    return {"content": await view.blob(given["blobId"])}
