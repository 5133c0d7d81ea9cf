import process from 'node:process'
import type { Harness } from '../harness/harness.ts'
import type { TestContext } from './test-context.ts'

/**
 * Where errors that handlers throw come to light: with the harness, or else as the process's uncaught errors, which for this
 * rule are caught here in place of whoever else would.
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
