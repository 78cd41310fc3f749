"""The state of one running studio, which every handler is given."""

from dataclasses import dataclass, field

from merflow.studio.dataset_checks import DatasetChecks
from merflow.studio.marks import MarkCorrections
from merflow.studio.project import Project
from merflow.studio.test_view.session import TestSession
from merflow.studio.workflow_process import WorkflowControl


@dataclass
class Studio:
    """A project and the work under way in it.

    remote: the page may be open on another machine, so images of recorded people are refused.
    """

    project: Project
    remote: bool = False
    marks: MarkCorrections = field(init=False)
    checks: DatasetChecks = field(init=False)
    workflow: WorkflowControl = field(init=False)
    test: TestSession = field(init=False)

    def __post_init__(self) -> None:
        self.marks = MarkCorrections(self.project.below("config", "corrections"))
        self.checks = DatasetChecks(self.project)
        self.workflow = WorkflowControl(self.project.root)
        self.test = TestSession(self.project.root, self.project.config)

    def close(self) -> None:
        """End the child processes."""
        self.test.close()
        self.workflow.close()
