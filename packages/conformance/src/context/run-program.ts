import { spawn } from 'node:child_process'
import process from 'node:process'
import { Violation } from '../checkers/assertions.ts'

/** Timeout of a program, in ms of the machine's time. It includes the start, which takes seconds on a busy machine. */
const PROGRAM_TIMEOUT_MS = 30_000

/**
 * Runs a program in a separate process.
 * @throws Violation if it does not exit before the timeout, or exits with an error.
 */
export function runProgram(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: import.meta.dirname, stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
    })
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Violation(`the program did not exit within ${PROGRAM_TIMEOUT_MS} ms`))
    }, PROGRAM_TIMEOUT_MS)
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(timer)
      if (code === 0) resolve()
      else
        reject(new Violation(`the program exited with code ${code}: ${stderr.trim().split('\n').slice(-3).join(' ')}`))
    })
  })
}
