/** One thing that must hold. `run` tells what it found wrong: nothing means that it passed. */
export interface Check {
  readonly name: string
  readonly run: () => readonly string[] | Promise<readonly string[]>
}

/** Runs the checks one after another, a line for each, and says at the end which of them failed. */
export async function runChecks(checks: readonly Check[]): Promise<boolean> {
  const failed: string[] = []
  for (const check of checks) {
    const started = performance.now()
    const problems = await runCheck(check)
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    console.log(`${problems.length === 0 ? '✓' : '✗'} ${check.name} (${seconds} s)`)
    for (const problem of problems) console.log(problem.trimEnd().replace(/^/gm, '    '))
    if (problems.length > 0) failed.push(check.name)
  }
  if (failed.length > 0) console.log(`\nfailed: ${failed.join(', ')}`)
  console.log(`\nchecks: ${checks.length - failed.length} passed, ${failed.length} failed`)
  return failed.length === 0
}

async function runCheck({ run }: Check): Promise<readonly string[]> {
  try {
    return await run()
  } catch (error) {
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)]
  }
}
