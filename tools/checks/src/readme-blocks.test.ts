import { expect, test } from 'vitest'
import { codeBlocks, uncheckedFences } from './readme-blocks.ts'

const readme = (...lines: string[]) => ({ file: 'README.md', text: lines.join('\n') })

test('blocks are found with the line of their fence, and whether they run', () => {
  const text = readme('# Title', '```ts', 'const a = 1', '```', '```sh', 'ls', '```', '```ts run', 'const b = 2', '```')
  expect(codeBlocks(text)).toEqual([
    { file: 'README.md', line: 2, code: 'const a = 1\n', runnable: false },
    { file: 'README.md', line: 8, code: 'const b = 2\n', runnable: true },
  ])
  expect(uncheckedFences(text)).toEqual([])
})

test.each(['```js', '```typescript', '```ts no-check', '```tsx', '````ts', '  ```ts', '~~~ts'])(
  '%s is no way round the check',
  (fence) => {
    expect(uncheckedFences(readme('', fence, 'nonsense(', '```'))).toHaveLength(1)
  },
)
