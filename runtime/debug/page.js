// Looks at the tasks again and again: their number as a curve, and those that are alike as a row.
"use strict";

const POINTS = 300;
const ROWS = 200;
const PAUSE_MS = 1000;
const COLUMNS = ["state", "function", "parked", "spawned"];
const counts = [];

function show(id, text) {
    document.getElementById(id).textContent = text;
}

function drawChart() {
    const top = Math.max(1, ...counts);
    const first = POINTS - counts.length;
    // Half of a line at the edge would be cut off.
    const points = counts.map((count, i) => `${first + i},${99 - 98 * count / top}`);

    document.getElementById("line").setAttribute("points", points.join(" "));
    show("top", top);
}

// [number, task] of each kind, the most frequent first.
function groupTasks(tasks) {
    const groups = new Map();

    for (const task of tasks) {
        const key = JSON.stringify(COLUMNS.map(column => task[column]));
        const group = groups.get(key);
        if (group)
            group[0]++;
        else
            groups.set(key, [1, task]);
    }
    return [...groups.values()].sort((a, b) => b[0] - a[0]);
}

function makeRow([count, task]) {
    const row = document.createElement("tr");

    for (const text of [count, ...COLUMNS.map(column => task[column] ?? "")]) {
        const cell = document.createElement("td");
        cell.textContent = text;
        row.append(cell);
    }
    return row;
}

async function look() {
    const response = await fetch("/debug/tasks?format=json");
    const { tasks } = await response.json();

    counts.push(tasks.length);
    if (counts.length > POINTS)
        counts.shift();
    show("count", tasks.length);
    drawChart();
    document.getElementById("groups").replaceChildren(
        ...groupTasks(tasks).slice(0, ROWS).map(makeRow));
}

// A look at very many tasks takes its time; then there are fewer, so that the program can work.
async function keepLooking() {
    const start = performance.now();

    try {
        await look();
        show("news", "");
    } catch (error) {
        show("news", `no answer: ${error.message}`);
    }
    setTimeout(keepLooking, Math.max(PAUSE_MS, 10 * (performance.now() - start)));
}

// Only when asked: the search stops the program.
async function findLost() {
    show("lost", "");
    try {
        const response = await fetch("/debug/tasks/lost");
        show("lost", await response.text());
    } catch (error) {
        show("lost", `no answer: ${error.message}`);
    }
}

document.getElementById("find").addEventListener("click", findLost);
keepLooking();
