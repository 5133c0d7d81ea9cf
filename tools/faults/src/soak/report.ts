import type { Series, SoakResult } from './soak.ts'

/** Whether no series grew and no check failed. */
export const isSteady = ({ verdict, series, problems }: SoakResult): boolean =>
  problems.length === 0 && verdict.findings.length === 0 && series.every(({ growth }) => !growth.grows)

/** Returns a human-readable report of a soak. */
export function describeSoak(result: SoakResult): string {
  const { verdict, series, problems } = result
  const findings = [...verdict.findings.map(({ kind, text }) => `${kind}: ${text}`), ...problems]
  const names = [...new Set(series.map(({ name }) => name))]
  return [
    '',
    'after the warm-up: mean of the first quarter → mean of the last (trend over the whole time):',
    ...names.map(
      (name) =>
        `  ${name.padEnd(10)}  ${series
          .filter((one) => one.name === name)
          .map(line)
          .join('   ')}`,
    ),
    ...findings.slice(0, 20).map((text) => `✗ ${text}`),
    `${isSteady(result) ? 'PASSED' : 'FAILED'}: ${verdict.acknowledged} writes acknowledged, ${verdict.lost} lost; ${describeGrowth(series)}`,
  ].join('\n')
}

function line({ measure, samples, growth }: Series): string {
  const show = measure === 'resources' ? count : bytes
  const quarter = Math.ceil(samples.length / 4)
  const mean = (some: Series['samples']): number => some.reduce((sum, { value }) => sum + value, 0) / some.length
  const [first, last] = [mean(samples.slice(0, quarter)), mean(samples.slice(-quarter))]
  const sign = growth.total >= 0 ? '+' : '−'
  return `${growth.grows ? '✗ ' : ''}${measure} ${show(first)} → ${show(last)} (${sign}${show(Math.abs(growth.total))})`
}

function describeGrowth(series: readonly Series[]): string {
  const growing = series.filter(({ growth }) => growth.grows).map(({ name, measure }) => `${measure} of ${name}`)
  return growing.length === 0 ? 'no growth' : `growing: ${growing.join(', ')}`
}

const bytes = (n: number): string => `${(n / 1_048_576).toFixed(2)} MiB`
const count = (n: number): string => n.toFixed(1)
