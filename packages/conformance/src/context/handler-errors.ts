import process from 'node:process'
import type { Harness } from '../harness/harness.ts'
import type { TestContext } from './test-context.ts'

/**
 * Returns a function that lists the errors thrown by handlers. They come from the harness (`thrown`), or else from the
 * process's uncaught exceptions, which are captured until the rule ends.
 */
export function collectHandlerErrors(context: TestContext<Harness>): () => readonly unknown[] {
  const { thrown } = context.harness
  if (thrown) return () => thrown
  const caught: unknown[] = []
  if (process.hasUncaughtExceptionCaptureCallback()) return () => caught
  process.setUncaughtExceptionCaptureCallback((error) => caught.push(error))
  context.onCleanup(() => process.setUncaughtExceptionCaptureCallback(null))
  return () => caught
}
