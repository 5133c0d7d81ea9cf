/**
 * Check of the repository. `run` returns the problems that it found; an empty list means that the check passed. `paths` limits a
 * check of files to these files and folders; an empty list means all.
 */
export interface Check {
  readonly name: string
  readonly run: (paths: readonly string[]) => readonly string[] | Promise<readonly string[]>
}

/** Runs the checks one after another, and prints a line for each and a summary. Resolves to true if all passed. */
export async function runChecks(checks: readonly Check[], paths: readonly string[] = []): Promise<boolean> {
  const failed: string[] = []
  for (const check of checks) {
    const started = performance.now()
    const problems = await runCheck(check, paths)
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    console.log(`${problems.length === 0 ? '✓' : '✗'} ${check.name} (${seconds} s)`)
    for (const problem of problems) console.log(problem.trimEnd().replace(/^/gm, '    '))
    if (problems.length > 0) failed.push(check.name)
  }
  if (failed.length > 0) console.log(`\nfailed: ${failed.join(', ')}`)
  console.log(`\nchecks: ${checks.length - failed.length} passed, ${failed.length} failed`)
  return failed.length === 0
}

async function runCheck({ run }: Check, paths: readonly string[]): Promise<readonly string[]> {
  try {
    return await run(paths)
  } catch (error) {
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)]
  }
}
