// A small CDS Hooks client: posts the fixture's request to the real endpoint and shows the answer.
// Markdown becomes DOM nodes, never HTML text, so that nothing in an answer can become markup.
'use strict';
const $ = (id) => document.getElementById(id);
const SERVICE = '/cds-services/ra-refractory-review';
let language = 'en';
let current = null;

function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function inline(text) {
  const parts = text.split(/\*\*(.+?)\*\*/g);
  return parts.map((part, i) => (i % 2 ? element('strong', {}, part) : part));
}

function markdown(text) {
  const nodes = [];
  let list = null;
  for (const line of (text || '').split('\n')) {
    const item = line.match(/^\s*[-*] (.*)$/);
    if (item) {
      if (!list) nodes.push((list = element('ul')));
      list.append(element('li', {}, ...inline(item[1])));
    } else {
      list = null;
      if (line.trim()) nodes.push(element('p', {}, ...inline(line)));
    }
  }
  return nodes;
}

async function feedback(card, body, note) {
  const entry = { card: card.uuid, outcomeTimestamp: new Date().toISOString(), ...body };
  const answer = await fetch(`${SERVICE}/feedback`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ feedback: [entry] }),
  });
  note.textContent = answer.ok ? 'Feedback stored.' : `Feedback refused (${answer.status}).`;
}

function actions(card) {
  const row = element('div', { className: 'actions' });
  const note = element('span', { className: 'source' });
  for (const suggestion of card.suggestions || []) {
    const button = element('button', { type: 'button', textContent: suggestion.label });
    if (suggestion.isRecommended) button.className = 'recommended';
    button.onclick = () => {
      button.disabled = true;
      feedback(card, { outcome: 'accepted', acceptedSuggestions: [{ id: suggestion.uuid }] }, note);
    };
    row.append(button);
  }
  if (card.overrideReasons) {
    const select = element('select', { ariaLabel: 'Reason for not following this card' });
    select.append(element('option', { value: '', textContent: language === 'zh' ? '不采纳，理由…' : 'Override, because …' }));
    for (const reason of card.overrideReasons) select.append(element('option', { value: reason.code, textContent: reason.display }));
    select.onchange = () => {
      const reason = card.overrideReasons.find((r) => r.code === select.value);
      if (reason) feedback(card, { outcome: 'overridden', overrideReason: { reason } }, note);
    };
    row.append(select);
  }
  row.append(note);
  return row;
}

function evidence(card) {
  const own = Object.values(card.extension || {})[0] || {};
  const rows = own.evidence || [];
  if (!rows.length) return [];
  const table = element('table', {}, element('tr', {}, ...['Resource', 'Date', 'Value', 'Define'].map((h) => element('th', {}, h))));
  for (const row of rows) {
    const value = row.text || (row.value === undefined ? '' : typeof row.value === 'object' ? JSON.stringify(row.value) : String(row.value));
    table.append(element('tr', {}, ...[row.reference, row.date || '', value, row.define].map((text) => element('td', {}, text))));
  }
  const title = language === 'zh' ? `证据（${rows.length}）` : `Evidence (${rows.length})`;
  return [element('details', {}, element('summary', {}, title), table)];
}

function cardNode(card) {
  const label = card.source.url ? element('a', { href: card.source.url, textContent: card.source.label, target: '_blank', rel: 'noreferrer' }) : card.source.label;
  return element('article', { className: `card ${card.indicator}` },
    element('span', { className: 'badge' }, card.indicator),
    element('h3', {}, card.summary),
    ...markdown(card.detail),
    actions(card),
    element('p', { className: 'source' }, label),
    ...evidence(card));
}

function show(tab) {
  for (const button of document.querySelectorAll('[role=tab]')) {
    const chosen = button.dataset.tab === tab;
    button.setAttribute('aria-selected', chosen);
    $(button.dataset.tab).hidden = !chosen;
  }
}

async function fire(button) {
  current = button;
  for (const other of document.querySelectorAll('.patient')) other.setAttribute('aria-current', other === button);
  document.body.classList.add('answered');
  $('empty').hidden = true;
  $('answer').hidden = false;
  $('patient-name').textContent = button.querySelector('strong').textContent;
  $('patient-case').textContent = `${button.dataset.case} · ${button.querySelector('span').textContent}`;
  $('timing').textContent = '';
  const request = await (await fetch(`/demo/request/${button.dataset.case}`)).json();
  const started = performance.now();
  const answer = await fetch(SERVICE, {
    method: 'POST', headers: { 'Content-Type': 'application/json', 'Accept-Language': language }, body: JSON.stringify(request),
  });
  const body = await answer.json();
  if (current !== button) return; // another patient was chosen meanwhile
  $('timing').textContent = `HTTP ${answer.status} · ${Math.round(performance.now() - started)} ms`;
  const extension = Object.values(body.extension || {})[0];
  $('request').textContent = JSON.stringify(request, null, 2);
  $('response').textContent = JSON.stringify(body, null, 2);
  $('decision').textContent = JSON.stringify(extension || {}, null, 2);
  $('cards').replaceChildren();
  if (!answer.ok) {
    const issue = (body.issue || [{}])[0];
    $('cards').append(element('article', { className: 'card fault' }, element('h3', {}, `HTTP ${answer.status}`), element('p', {}, issue.diagnostics || 'No answer.')));
  } else if (!body.cards.length) {
    $('cards').append(element('p', { className: 'none' }, language === 'zh' ? '无卡片：该患者没有需要提示的内容。' : 'No cards: nothing to say for this patient.'));
  } else {
    $('cards').append(...body.cards.map(cardNode));
  }
  show('cards');
  if (window.innerWidth <= 760) window.scrollTo(0, 0);
}

for (const button of document.querySelectorAll('.patient')) button.onclick = () => fire(button);
for (const button of document.querySelectorAll('[role=tab]')) button.onclick = () => show(button.dataset.tab);
for (const button of document.querySelectorAll('[data-language]')) {
  button.onclick = () => {
    language = button.dataset.language;
    for (const other of document.querySelectorAll('[data-language]')) other.setAttribute('aria-pressed', other === button);
    if (current) fire(current);
  };
}
$('back').onclick = () => { document.body.classList.remove('answered'); $('answer').hidden = true; current = null; };
$('search').oninput = (event) => {
  const wanted = event.target.value.trim().toLowerCase();
  for (const button of document.querySelectorAll('.patient')) button.parentElement.hidden = !button.textContent.toLowerCase().includes(wanted);
};
