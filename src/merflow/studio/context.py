"""The state of one running studio, which every handler is given."""

import os
import secrets
import threading
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from merflow.errors import MerflowError
from merflow.studio.applied_marks import AppliedMarks
from merflow.studio.browse import Browse
from merflow.studio.dataset_checks import DatasetChecks
from merflow.studio.decoded_recording import DecodedRecording
from merflow.studio.marks import MarkCorrections
from merflow.studio.project import Project
from merflow.studio.project_creation import ProjectCreation
from merflow.studio.recent_projects import remember
from merflow.studio.routing import Conflict, Missing
from merflow.studio.test_view.session import TestSession
from merflow.studio.workflow_process import WorkflowControl


@dataclass(frozen=True, slots=True)
class OpenProject:
    """A project and the work under way in it. `id` changes each time a project is opened."""

    id: str
    project: Project
    marks: MarkCorrections
    applied: AppliedMarks
    checks: DatasetChecks
    workflow: WorkflowControl
    test: TestSession

    @classmethod
    def of(cls, project: Project) -> "OpenProject":
        """Return a project without any work under way."""
        return cls(
            secrets.token_hex(8),
            project,
            MarkCorrections(project.below("config", "corrections")),
            AppliedMarks(),
            DatasetChecks(project),
            WorkflowControl(project.root),
            TestSession(project.root, project.config),
        )


OF_REQUEST: ContextVar[OpenProject | None] = ContextVar("of_request", default=None)
"""The project of the request that is being answered: another window may open another meanwhile."""


class Studio:
    """The project that is open, if any, and the folders that may be browsed.

    remote: the page may be open on another machine, so images of recorded people are refused and
    only the project's folder is browsed. browse: folder below which data and projects may lie.
    """

    def __init__(
        self, project: Project | None, remote: bool = False, browse: Path | None = None
    ) -> None:
        self.remote = remote
        self.browse = Browse(browse or Path.home())
        self.creation = ProjectCreation()
        self.recording: DecodedRecording | None = None
        self._recording_lock = threading.Lock()
        self._opened = OpenProject.of(project) if project else None
        self._switching = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether a project is open."""
        return self._opened is not None

    @property
    def opened(self) -> OpenProject:
        """The open project and its work; refuse a request that needs one when there is none."""
        opened = OF_REQUEST.get() or self._opened
        if opened is None:
            raise Conflict(
                "merflow studio", "no project is open", fix="open or create one in Projects"
            )
        return opened

    def begin_request(self, wanted: str) -> None:
        """Keep the project that is open now for the whole of a request.

        wanted: id of the project that the page shows, if it says so; another one is refused.
        """
        opened = self._opened
        if wanted and wanted != (opened.id if opened else ""):
            raise Conflict(
                "merflow studio",
                "another window has opened another project",
                fix="reload this page; nothing was changed",
            )
        OF_REQUEST.set(opened)

    @property
    def project(self) -> Project:
        """The open project."""
        return self.opened.project

    @property
    def marks(self) -> MarkCorrections:
        """The corrected marks of the open project."""
        return self.opened.marks

    @property
    def applied(self) -> AppliedMarks:
        """What applies corrected marks in the open project."""
        return self.opened.applied

    @property
    def checks(self) -> DatasetChecks:
        """The dataset checks of the open project."""
        return self.opened.checks

    @property
    def workflow(self) -> WorkflowControl:
        """The workflow of the open project."""
        return self.opened.workflow

    @property
    def test(self) -> TestSession:
        """The test of the open project."""
        return self.opened.test

    def browsed(self) -> Browse:
        """Return what may be browsed: below the browse folder and below the open project.

        A page on another machine may browse the open project only.
        """
        own = [self.project.root] if self.is_open else []
        return Browse(*own) if self.remote else Browse(*self.browse.roots, *own)

    def open(self, project: Project) -> OpenProject:
        """Open a project in place of the present one, which must have no job running."""
        project.settings()
        with self._switching:
            if self._opened is not None:
                self.refuse_running()
                self._close(self._opened)
            # As for every other command, the project is the working folder.
            os.chdir(project.root)
            self._opened = OpenProject.of(project)
            # The request that opens it goes on in the new one.
            OF_REQUEST.set(None)
            remember(project.root)
        return self._opened

    def refuse_running(self) -> None:
        """Refuse to leave the open project while a job runs in it."""
        job = self._opened.workflow.job if self._opened else None
        if job is not None and job.running:
            raise Conflict(
                str(self._opened.project.root),
                f"'{job.title}' is running in the open project",
                fix="wait for it, or stop it first",
            )

    def _close(self, opened: OpenProject) -> None:
        opened.test.close()
        opened.workflow.close()
        with self._recording_lock:
            self._end_recording()

    def open_recording(self, path: Path) -> dict[str, Any]:
        """Begin to decode a recording for a window, in place of the one before; return its state.

        A recording that is open already is taken over, with the frames that it has.
        """
        asked_in = OF_REQUEST.get()
        with self._recording_lock:
            if asked_in is not None and asked_in is not self._opened:
                raise Conflict(str(path), "its project is not open any more", fix="reload the page")
            if self.recording is None or self.recording.path != path:
                made = DecodedRecording(path)
                self._end_recording()
                self.recording = made
            self.recording.id = secrets.token_hex(8)
            return self.recording.state()

    def recording_of(self, id: object) -> DecodedRecording:
        """Return the recording that a window has opened; refuse where it is not the open one."""
        recording = self.recording
        if recording is None:
            raise Missing("request", "no recording is open", fix="choose one")
        if recording.id != id:
            raise Conflict(
                "merflow studio",
                "another window has opened another recording",
                fix="one window at a time cuts a recording: open it again here to go on",
            )
        return recording

    def close_recording(self, id: object) -> None:
        """Remove the decoded frames of the recording that a window has opened."""
        with self._recording_lock:
            self.recording_of(id)
            self._end_recording()

    def _end_recording(self) -> None:
        if self.recording is not None:
            self.recording.close()
            self.recording = None

    def close(self) -> None:
        """End the child processes."""
        self.creation.close()
        if self._opened is not None:
            self._close(self._opened)


def refuse_remote(studio: Studio, what: str) -> None:
    """Refuse something that only a page on this machine may do."""
    if studio.remote:
        raise MerflowError(
            "request",
            f"{what} is not possible with --host",
            "a page on the machine of the studio",
            "run `merflow studio` without --host",
        )
