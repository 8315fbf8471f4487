"""One task at a time in another thread, and its progress."""

from qtpy.QtCore import QEvent, QObject

from sksegment.napari._workers import start

__all__ = ["Tasks", "WhenTakenOut"]


class WhenTakenOut(QObject):
    """Do something when a widget is taken out of its window, which may not delete it.

    Parameters
    ----------
    widget : QWidget
    action : callable
        Called without arguments.
    """

    def __init__(self, widget, action):
        super().__init__(widget)
        self._action = action
        widget.installEventFilter(self)

    def eventFilter(self, widget, event):
        """Look at an event, and leave it to the widget."""
        if event.type() == QEvent.Type.ParentChange and widget.parent() is None:
            self._action()
        return False


class Tasks:
    """Runs tasks for the controls.

    Parameters
    ----------
    controls : Controls
        What shows the progress.
    on_change : callable
        Called without arguments when a task begins and when it has ended.
    """

    def __init__(self, controls, on_change):
        self._controls, self._on_change = controls, on_change
        self._worker = None
        self._is_closed = False

    @property
    def idle(self):
        """Whether there is no task."""
        return self._worker is None

    def run(self, task, title, *, total=0, on_event=None, on_result=None):
        """Begin a task; there must be no other.

        Parameters
        ----------
        task : callable
            It gets a `threading.Event` that tells it to stop, and returns a generator.
        title : str
        total : int, default=0
            Number of events; 0 if that is not known.
        on_event, on_result : callable, optional
            Get what the generator yields, and what it returns unless it failed or was
            stopped.
        """
        progress = self._controls.progress
        progress.min, progress.max, progress.value = 0, max(1, total), 0
        self.say(f"{title} …")

        def on_progress(event):
            if self._is_closed:
                return
            progress.value += 1
            if on_event is not None:
                on_event(event)

        def on_end(results):
            self._worker = None
            if self._is_closed:
                return
            self.say("" if results else f"{title} was not finished")
            if results and on_result is not None:
                on_result(*results)
            self._on_change()

        self._worker = start(
            task, on_event=on_progress, on_end=on_end, title=title, total=total
        )
        self._on_change()

    def cancel(self):
        """Stop the task if there is one."""
        if self._worker is not None:
            self._worker.quit()

    def close(self):
        """Stop the task, and leave the controls alone: they are gone."""
        self._is_closed = True
        self.cancel()

    def say(self, text):
        """Show a line of text."""
        self._controls.status.value = text
