const read = (id) => JSON.parse(document.getElementById(id).textContent);
document.getElementById("main").textContent = `${read("jobs").length} jobs`;
