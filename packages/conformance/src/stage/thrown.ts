import process from 'node:process'
import type { Harness } from '../harness/harness.ts'
import type { Stage } from './stage.ts'

/**
 * Where errors that handlers throw come to light: with the harness, or else as the process's uncaught errors, which for this
 * rule are caught here in place of whoever else would.
 */
export function watchThrown(stage: Stage<Harness>): () => readonly unknown[] {
  const { thrown } = stage.harness
  if (thrown) return () => thrown
  const caught: unknown[] = []
  if (process.hasUncaughtExceptionCaptureCallback()) return () => caught
  process.setUncaughtExceptionCaptureCallback((error) => caught.push(error))
  stage.after(() => process.setUncaughtExceptionCaptureCallback(null))
  return () => caught
}
