const resolved = Promise.resolve()

/**
 * Runs a function after the current task, before any timer. Replaces `queueMicrotask`, which fake timers of test runners
 * take over: promises are never faked, so that a call cannot hang in a test.
 */
export function runInMicrotask(fn: () => void): void {
  void resolved.then(fn)
}
