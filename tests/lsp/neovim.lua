-- leash and clangd beside each other in Neovim's own client, without plugins.
--
--     nvim --headless --clean -c 'luafile neovim.lua' FILE
--
-- $LEASH is the tool, $CLANGD clangd, $EXPECT a file "LINE RULE" of what leash must find (lines
-- from 1).  Prints what does not hold, and ends with status 1 then.
local PATIENCE_MS = 60000

local function fail(text)
  io.stderr:write('neovim: ' .. text .. '\n')
  vim.cmd('cquit 1')
end

local function start(name, cmd)
  local id = vim.lsp.start_client({ name = name, cmd = cmd, root_dir = vim.fn.expand('%:p:h') })
  if not id then
    fail(name .. ' does not start')
  end
  vim.lsp.buf_attach_client(0, id)
  return id
end

-- The diagnostics of one server at the buffer, as "LINE RULE".
local function found(client)
  local list = vim.diagnostic.get(0, { namespace = vim.lsp.diagnostic.get_namespace(client) })
  local lines = {}
  for _, diagnostic in ipairs(list) do
    table.insert(lines, (diagnostic.lnum + 1) .. ' ' .. (diagnostic.code or diagnostic.message))
  end
  table.sort(lines)
  return lines, list
end

local function wait_for(client, expected, what)
  local function holds()
    return vim.deep_equal(found(client), expected)
  end
  if not vim.wait(PATIENCE_MS, holds, 20) then
    fail(what .. ': expected ' .. vim.inspect(expected) .. ', found ' ..
         vim.inspect((found(client))))
  end
end

local expected = vim.fn.readfile(vim.env.EXPECT)
table.sort(expected)
local leash = start('leash', { vim.env.LEASH, 'lsp' })
local clangd = start('clangd', { vim.env.CLANGD, '--log=error', '--background-index=0' })

wait_for(leash, expected, 'as opened')
local _, list = found(leash)
for _, diagnostic in ipairs(list) do
  if diagnostic.source ~= 'leash' or #diagnostic.user_data.lsp.relatedInformation == 0 then
    fail('a finding without its story: ' .. vim.inspect(diagnostic))
  end
end

-- A line typed above moves all of them; clangd sees the same text.
vim.api.nvim_buf_set_lines(0, 0, 0, false, { '/* grüße 😀 */' })
local moved = vim.tbl_map(function(line)
  local number, rule = line:match('^(%d+) (.*)$')
  return (number + 1) .. ' ' .. rule
end, expected)
table.sort(moved)
wait_for(leash, moved, 'a line further down')
vim.api.nvim_buf_set_lines(0, 0, 1, false, { '/* grüße 😀 */ int wrong = ;' })
local function clangd_complains()
  return #found(clangd) > 0
end
if not vim.wait(PATIENCE_MS, clangd_complains, 20) then
  fail('clangd does not see the mistake')
end
wait_for(leash, moved, 'while it does not parse')
vim.api.nvim_buf_set_lines(0, 0, 1, false, {})
wait_for(leash, expected, 'as it was')

-- Suppressing one by the code action takes it away.
local _, before = found(leash)
local first = before[1]
local at = { line = first.lnum, character = first.col }
local answers = vim.lsp.buf_request_sync(0, 'textDocument/codeAction', {
  textDocument = vim.lsp.util.make_text_document_params(),
  range = { start = at, ['end'] = at },
  context = { diagnostics = {} },
}, PATIENCE_MS)
local actions = answers[leash] and answers[leash].result or {}
if #actions ~= 1 then
  fail('one code action was expected: ' .. vim.inspect(answers))
end
local encoding = vim.lsp.get_client_by_id(leash).offset_encoding
vim.lsp.util.apply_workspace_edit(actions[1].edit, encoding)
local function is_suppressed()
  return #found(leash) == #before - 1
end
if not vim.wait(PATIENCE_MS, is_suppressed, 20) then
  fail('suppressed, it is still there: ' .. vim.inspect((found(leash))))
end

vim.lsp.stop_client({ leash, clangd })
local function are_gone()
  return #vim.lsp.get_active_clients() == 0
end
if not vim.wait(PATIENCE_MS, are_gone, 20) then
  fail('a server does not end')
end
vim.cmd('qall!')
