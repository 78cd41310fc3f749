"""The state of one running studio, which every handler is given."""

from merflow.studio.dataset_checks import DatasetChecks
from merflow.studio.marks import MarkCorrections
from merflow.studio.project import Project
from merflow.studio.test_view.session import TestSession
from merflow.studio.workflow_process import WorkflowControl


class Studio:
    """A project and the work under way in it.

    remote: the page may be open on another machine, so images of recorded people are refused.
    """

    def __init__(self, project: Project, remote: bool = False) -> None:
        self.project, self.remote = project, remote
        self.marks = MarkCorrections(project.below("config", "corrections"))
        self.checks = DatasetChecks(project)
        self.workflow = WorkflowControl(project.root)
        self.test = TestSession(project.root, project.config)

    def close(self) -> None:
        """End the child processes."""
        self.test.close()
        self.workflow.close()
