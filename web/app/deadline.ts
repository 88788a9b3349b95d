// How long the worker may read a file: a kernel that never ends is ended with its worker, from the page.

/** Calls `late` unless the file that is read is done with in time. */
export class Deadline {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private began = 0;
  private end = 0;

  /** From the first time on, until it is met, so many seconds are allowed; a later call may only allow more. */
  within(seconds: number, late: (seconds: number) => void): void {
    const now = performance.now();
    if (this.timer === undefined) [this.began, this.end] = [now, 0];
    clearTimeout(this.timer);
    this.end = Math.max(this.end, this.began + 1000 * seconds);
    const allowed = Math.round((this.end - this.began) / 1000);
    this.timer = setTimeout(() => late(allowed), this.end - now);
  }

  met(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
